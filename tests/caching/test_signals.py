"""What the engine tells the rooms above it."""

from collections.abc import Iterator
from typing import Any

import pytest

from application.caching import invalidated
from tests.caching.conftest import Site
from tests.own_redis import own_redis


@pytest.fixture
def told() -> Iterator[list[tuple[set[str], str]]]:
    heard: list[tuple[set[str], str]] = []

    def hear(_cache: object, tags: set[str], kind: str) -> None:
        heard.append((tags, kind))

    with invalidated.connected_to(hear):
        yield heard


def test_whoever_keeps_copies_outside_is_told_what_was_forgotten(site: Site, told: list[Any]) -> None:
    assert site.cache.invalidate(["row/1", "row/2"])
    assert site.cache.invalidate(["row/3"], "withdrawn")
    assert site.cache.invalidate([])
    assert told == [({"row/1", "row/2"}, "changed"), ({"row/3"}, "withdrawn")]


def test_it_is_not_said_of_what_redis_could_not_be_told(told: list[Any]) -> None:
    with own_redis() as server:
        site = Site(f"redis://127.0.0.1:{server.port}")
        with site.app.app_context():
            assert site.cache.invalidate(["row/1"])
            server.stop()
            assert not site.cache.invalidate(["row/2"])
    assert told == [({"row/1"}, "changed")]


def test_a_stock_store_says_it_too(redis_url: str, told: list[Any]) -> None:
    site = Site(redis_url, CACHE_TYPE="SimpleCache")
    with site.app.app_context():
        assert site.cache.invalidate(["row/1"])
    assert told == [({"row/1"}, "changed")]
