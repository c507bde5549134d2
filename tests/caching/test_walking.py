"""Looking for keys among however many there are."""

import pytest
import redis

from application.caching import walking
from application.caching.inspector import list_keys
from application.caching.walking import find_keys
from tests.caching.conftest import Site


@pytest.fixture
def many(redis_client: redis.Redis) -> None:
    redis_client.mset({f"flask_cache_get_row(number={number:04})": "x" for number in range(300)})
    redis_client.set("flask_cache_view//rows", "x")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", 301),
        ("rows", 1),
        ("flask_cache_view", 1),
        ("get_row(number=02", 100),
        ("view/*", 1),
        ("*=029?)", 10),
        ("x", 0),
    ],
)
def test_keys_are_found_by_a_part_of_their_name_or_by_a_pattern(
    site: Site, many: None, wanted: str, found: int
) -> None:
    listing = find_keys(site.cache.engine, wanted)
    assert (listing.found, listing.cursor) == (found, 0)


def test_so_many_are_shown_and_the_others_are_counted(site: Site, many: None) -> None:
    listing = find_keys(site.cache.engine, "get_row", most=50)
    assert (len(listing.lines), listing.found) == (50, 300)
    assert listing.lines[0].name == "flask_cache_get_row(number=0000)"


def test_a_walk_ends_and_goes_on_where_it_ended(site: Site, many: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "STEPS", 1)
    monkeypatch.setattr(walking, "AT_ONCE", 50)
    found, cursor, walks = set(), 0, 0
    while walks == 0 or cursor:
        listing = find_keys(site.cache.engine, cursor=cursor)
        found |= {line.name for line in listing.lines}
        cursor, walks = listing.cursor, walks + 1
    assert len(found) == 301
    assert walks > 3


def test_each_key_says_what_it_was_made_from(site: Site, redis_client: redis.Redis) -> None:
    @site.cache.memoize(50)
    def quoted(number: int) -> int:
        site.cache.depends_on('a "quoted" ] tag', "row/1", "\x1b[2J")
        return number

    @site.cache.memoize(50)
    def wide(number: int) -> int:
        site.cache.depends_on(*(f"a tag of some length/{tag}" for tag in range(1_000)))
        return number

    quoted(1), wide(1)
    redis_client.set("flask_cache_foreign", "x")
    tags = {line.name: line.tags for line in list_keys(site.cache.engine)}
    assert tags["flask_cache_quoted(number=1)"] == ("\\x1b[2J", 'a "quoted" ] tag', "fn/quoted", "row/1")
    assert tags["flask_cache_wide(number=1)"] is None
    assert tags["flask_cache_foreign"] == ()
