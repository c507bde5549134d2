"""The real site for a test: gunicorn's workers and a Celery worker on a database and a Redis of its own."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from flask import Flask

from application import create_app
from application.config import ROOT, Settings, load_settings
from application.extensions import db
from tests.servers import free_port

PATIENCE = 30.0
ENOUGH = 12
"""Requests on connections of their own after which each of two workers has answered, but for a chance in thousands."""


@dataclass
class RunningSite:
    """A running site, and an application on the same database and Redis for making content."""

    url: str
    settings: Settings
    app: Flask
    environ: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)


@contextmanager
def running_site(
    database_url: str,
    redis_url: str,
    logs: Path,
    *,
    workers: int = 2,
    jobs: bool = True,
    served: str = "main:app",
    **more: str,
) -> Iterator[RunningSite]:
    """Run the site until the block ends; afterwards none of its processes is left.

    `served` names an application that a test has put instruments around.
    """
    port = free_port()
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "ENV": "test",
        "PORT": str(port),
        "WEB_CONCURRENCY": str(workers),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SITE_URL": f"http://127.0.0.1:{port}",
        "SECRET_KEY": "of the running test site",
        "SECURITY_PASSWORD_SALT": "of the running test site",
        "STREAMS_PER_WORKER": "100",
        **more,
    }
    settings = load_settings(environ)
    with ExitStack() as stack:
        site = RunningSite(settings.site_url, settings, create_app(settings), environ)
        gunicorn = ["gunicorn", "--config", "deploy/gunicorn.conf.py", served]
        site.processes["web"] = stack.enter_context(process(gunicorn, environ, logs / "web.log"))
        if jobs:
            worker = ["celery", "--app", "main:celery", "worker", "--pool", "solo", "--loglevel", "INFO"]
            site.processes["worker"] = stack.enter_context(process(worker, environ, logs / "worker.log"))
        wait_for(f"{site.url}/hello", site.processes["web"], logs / "web.log")
        if jobs:
            _wait_for_worker(site, logs / "worker.log")
        try:
            yield site
        finally:
            with site.app.app_context():
                for engine in db.engines.values():
                    engine.dispose()


def fetch(site: RunningSite, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str, float]:
    """Ask on a connection of its own, which either worker may take; returns status, headers, body and seconds."""
    started = time.monotonic()
    connection = http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=20)
    try:
        connection.request(method, path, headers={"Connection": "close", **headers})
        answer = connection.getresponse()
        body = answer.read().decode()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, body, time.monotonic() - started
    finally:
        connection.close()


def eventually(holds: Callable[[], object], seconds: float = 20) -> None:
    """Wait for something that takes a moment, and fail when it does not come."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


class Reading(NamedTuple):
    """One page, as one reader got it; `began` is by `time.monotonic`."""

    began: float
    path: str
    status: int
    outcome: str
    body: str


def hit_after(readings: list[Reading], moment: float) -> bool:
    """Whether one of the last readings begun after a moment was answered from either tier."""
    last = (reading for reading in readings[-8:] if reading.began > moment)
    return any(reading.outcome in ("hit redis", "hit process") for reading in last)


class load_on:  # noqa: N801 - used as a context manager
    """Readers who go on reading until the block ends; gives the growing list of what they got."""

    def __init__(self, site: RunningSite, pages: list[str], readers: int = 4) -> None:
        self.site, self.pages = site, pages
        self.readings: list[Reading] = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.read, daemon=True) for _ in range(readers)]

    def read(self) -> None:
        while not self.over.is_set():
            for page in self.pages:
                began = time.monotonic()
                status, headers, body, _ = fetch(self.site, page)
                self.readings.append(Reading(began, page, status, headers["x-cache"], body))

    def __enter__(self) -> list[Reading]:
        for thread in self.threads:
            thread.start()
        return self.readings

    def __exit__(self, *_error: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(20)


@contextmanager
def process(arguments: list[str], environ: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module of the project's interpreter as a process group; the whole group ends with the block."""
    with log.open("ab") as output:
        started = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env=environ,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield started
    finally:
        if started.poll() is None:
            started.send_signal(signal.SIGTERM)
            try:
                started.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(started.pid, signal.SIGKILL)
                started.wait()


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path, host: str | None = None) -> None:
    """Return when the address answers; a server that has died instead is an error with its log."""
    asking = urllib.request.Request(url, headers={"Host": host} if host else {})  # noqa: S310 - our own address
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(asking, timeout=2):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, OSError):
            if server.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"no answer from {url}:\n{log.read_text()}") from None
            time.sleep(0.05)


def _wait_for_worker(site: RunningSite, log: Path) -> None:
    celery = site.app.extensions["celery"]
    end = time.monotonic() + PATIENCE
    while not celery.control.ping(timeout=0.5):
        if site.processes["worker"].poll() is not None or time.monotonic() > end:
            raise AssertionError(f"the worker does not answer:\n{log.read_text()}")
