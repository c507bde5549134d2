"""A small application of its own: the engine knows nothing of articles."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import ClassVar

import msgspec
import pytest
from flask import Flask

from application.caching import Cache


class Record(msgspec.Struct, frozen=True):
    number: int
    words: tuple[str, ...] = ()


class Site:
    """An application with a cache, and a table of values that a test changes and invalidates."""

    made: ClassVar[list["Site"]] = []

    def __init__(self, redis_url: str, **config: object) -> None:
        self.made.append(self)
        self.app = Flask("site")
        self.app.config.update(
            CACHE_TYPE="RedisCache",
            CACHE_REDIS_URL=f"{redis_url}/0",
            SECRET_KEY="of the tests",
            TRUSTED_HOSTS=["localhost"],
            SETTINGS=SimpleNamespace(site_url="http://localhost"),
            TESTING=True,
        )
        self.app.config.update(config)
        self.cache = Cache(config={"CACHE_ENABLE_SIGNALS": True})
        self.cache.init_app(self.app)
        self.table: dict[int, str] = {}
        self.calls: list[object] = []

    def write(self, number: int, word: str) -> None:
        self.table[number] = word
        assert self.cache.invalidate([f"row/{number}"])

    def read(self, number: int) -> Record:
        self.calls.append(number)
        self.cache.depends_on(f"row/{number}")
        return Record(number, (self.table.get(number, ""),))

    def end(self) -> None:
        """Listen no more, and leave no connection open: hundreds of tests run in one process."""
        self.cache.stop_worker(self.app)
        with self.app.app_context():
            if (engine := self.cache.engine) is not None:
                for client in (engine.client, engine.push_client, engine._invalidate.registered_client):
                    client.connection_pool.disconnect()

    def serve(self) -> None:
        self.app.wsgi_app = self.cache.page_cache(self.app)  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def end_of_sites() -> Iterator[None]:
    yield
    while Site.made:
        Site.made.pop().end()


@pytest.fixture
def site(redis_url: str) -> Iterator[Site]:
    # A busy machine is no dead Redis: what happens without one is asked of one that is.
    made = Site(redis_url, CACHE_REDIS_URL=f"{redis_url}/0?socket_timeout=10")
    with made.app.app_context():
        yield made
