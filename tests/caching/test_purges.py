"""What was forgotten by which write, written down as it happens."""

import json
import threading

import click
import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from application.caching import written_by
from application.caching.purges import NOBODY, Purge, latest
from application.caching.writing_down import MERGED_WITHIN, PURGES, PURGES_KEY, PURGES_LAST, TAGS_NAMED
from application.measuring.timing import measuring
from tests.caching.conftest import Site
from tests.caching.test_command import Run, runner


@pytest.fixture
def run(site: Site) -> Run:
    return runner(site)


def only(client: redis.Redis) -> Purge:
    (purge,) = latest(client)
    return purge


def age(client: redis.Redis, seconds: int) -> None:
    """Make the newest entry older."""
    entry = json.loads(client.lindex(PURGES_KEY, 0))
    client.lset(PURGES_KEY, 0, json.dumps({**entry, "began": entry["began"] - seconds, "at": entry["at"] - seconds}))


def test_a_write_says_what_it_forgot(site: Site, redis_client: redis.Redis) -> None:
    read = site.cache.memoize(50)(site.read)
    read(1), read(2)
    with written_by("somebody"):
        site.cache.invalidate({"row/2", "row/1", "row/9"})
    purge = only(redis_client)
    assert (purge.by, purge.kind, purge.tags, purge.keys) == ("somebody", "changed", ["row/1", "row/2", "row/9"], 2)
    assert (purge.times, purge.more, purge.everything) == (1, 0, False)
    assert purge.at == purge.began == pytest.approx(redis_client.time()[0], abs=30)


def test_spare_copies_are_no_keys_that_went(site: Site, redis_client: redis.Redis) -> None:
    client = page_of(site)
    client.get("/row/1")
    site.cache.invalidate({"row/1"}, "withdrawn")
    assert (only(redis_client).kind, only(redis_client).keys) == ("withdrawn", 1)


def page_of(site: Site) -> FlaskClient:
    @site.app.get("/row/<int:number>")
    @site.cache.cached(timeout=300)
    def row(number: int) -> str:
        return site.read(number).words[0]

    site.serve()
    return site.app.test_client()


# Who it was.


def test_a_request_is_named_by_its_method_and_route(redis_url: str, redis_client: redis.Redis) -> None:
    site = Site(redis_url)

    @site.app.post("/rows/<int:number>/edit")
    def edit(number: int) -> str:
        site.write(number, "new")
        return ""

    site.serve()
    assert site.app.test_client().post("/rows/12/edit?token=secret").status_code == 200
    assert only(redis_client).by == "POST /rows/<int:number>/edit"


def test_a_job_is_named(site: Site, redis_client: redis.Redis) -> None:
    with measuring("job", "publish_due"):
        site.write(1, "new")
    assert only(redis_client).by == "job publish_due"


def test_a_command_is_named(site: Site, redis_client: redis.Redis) -> None:
    @site.app.cli.command("change")
    def change() -> None:
        site.write(1, "new")

    assert site.app.test_cli_runner().invoke(args=["change"]).exit_code == 0
    assert only(redis_client).by.endswith(" change")
    assert click.get_current_context(silent=True) is None


def test_what_nobody_stands_behind_is_the_background(site: Site, redis_client: redis.Redis) -> None:
    site.cache.memoize(50)(site.read)(1)
    thread = threading.Thread(target=change_in, args=(site.app, site))
    thread.start()
    thread.join()
    assert only(redis_client).by == NOBODY


def change_in(app: Flask, site: Site) -> None:
    with app.app_context():
        site.write(1, "new")


def test_what_nobody_forgot_anything_by_is_not_written_down(site: Site, redis_client: redis.Redis) -> None:
    """What the writer tells at the same time as somebody who found it in the outbox, say."""
    with written_by("(the outbox)"):
        site.write(1, "new")
    assert latest(redis_client) == []


# The list.


def test_what_one_writer_does_in_a_row_is_one_entry(site: Site, redis_client: redis.Redis) -> None:
    with written_by("likes"):
        for number in range(3):
            site.write(number, "new")
        site.write(1, "newer")
    purge = only(redis_client)
    assert (purge.times, purge.tags) == (4, ["row/0", "row/1", "row/2"])
    with written_by("an edit"):
        site.write(1, "new")
    with written_by("likes"):
        site.write(1, "new")
    assert [one.by for one in latest(redis_client)] == ["likes", "an edit", "likes"]


def test_what_comes_later_is_another_entry(site: Site, redis_client: redis.Redis) -> None:
    with written_by("likes"):
        site.write(1, "new")
        age(redis_client, MERGED_WITHIN + 1)
        site.write(1, "new")
    assert [one.times for one in latest(redis_client)] == [1, 1]


def test_many_tags_are_counted_and_not_named(site: Site, redis_client: redis.Redis) -> None:
    with written_by("somebody"):
        site.cache.invalidate({f"row/{number:03}" for number in range(100)} | {"x" * 10_000})
    purge = only(redis_client)
    assert (len(purge.tags), purge.more) == (TAGS_NAMED, 101 - TAGS_NAMED)
    assert "(a tag of 10000 bytes)" not in purge.tags
    with written_by("another"):
        site.cache.invalidate({"z" * 5_000})
    assert latest(redis_client, 1)[0].tags == ["(a tag of 5000 bytes)"]


def test_the_list_is_bounded_and_goes_by_itself(site: Site, redis_client: redis.Redis) -> None:
    for number in range(PURGES + 20):
        with written_by(f"writer {number}"):
            site.write(1, "new")
    assert redis_client.llen(PURGES_KEY) == PURGES
    assert latest(redis_client, 1)[0].by == f"writer {PURGES + 19}"
    assert 0 < redis_client.ttl(PURGES_KEY) <= PURGES_LAST


@pytest.mark.parametrize(
    "entry",
    [b"\xff", b"[]", b"7", b'{"by": "x"}', b'{"by": "x", "kind": "changed", "tags": {"a": 1}, "began": "\xff"}'],
)
def test_what_strangers_put_into_the_list_stops_nothing(
    site: Site, redis_client: redis.Redis, run: Run, entry: bytes
) -> None:
    redis_client.lpush(PURGES_KEY, entry)
    with written_by("x"):
        site.write(1, "new")
    assert "row/1" in latest(redis_client)[0].tags
    assert run("purges")[0] == 0


def test_a_list_that_is_none_is_begun_anew(site: Site, redis_client: redis.Redis) -> None:
    redis_client.set(PURGES_KEY, "x")
    with written_by("somebody"):
        site.write(1, "new")
    assert only(redis_client).tags == ["row/1"]


def test_a_list_that_cannot_be_written_keeps_nothing_from_being_forgotten(
    site: Site, redis_client: redis.Redis
) -> None:
    """Somebody whom the server lets do everything but this."""
    rights = {"keys": ["*"], "channels": ["*"], "commands": ["+@all", "-lpush"]}
    redis_client.acl_setuser("reader", enabled=True, nopass=True, **rights)
    url = str(site.app.config["CACHE_REDIS_URL"]).replace("redis://", "redis://reader:x@")
    mine = Site(url, CACHE_REDIS_URL=url)
    with mine.app.app_context():
        read = mine.cache.memoize(50)(mine.read)
        assert read(1).words == ("",)
        mine.write(1, "new")
        assert read(1).words == ("new",)
    redis_client.acl_deluser("reader")
    assert latest(redis_client) == []


def test_a_full_redis_writes_it_down(site: Site, redis_client: redis.Redis) -> None:
    site.write(0, "new")
    redis_client.delete(PURGES_KEY)
    policy = redis_client.config_get("maxmemory-policy")["maxmemory-policy"]
    # Where values with a lifetime are evicted, the list may go with them.
    redis_client.config_set("maxmemory-policy", "noeviction")
    redis_client.config_set("maxmemory", 1)
    try:
        with written_by("somebody"):
            site.write(1, "new")
    finally:
        redis_client.config_set("maxmemory", 0)
        redis_client.config_set("maxmemory-policy", policy)
    assert only(redis_client).tags == ["row/1"]


def test_forgetting_everything_is_written_down(site: Site, redis_client: redis.Redis) -> None:
    read = site.cache.memoize(50)(site.read)
    read(1), read(2)
    with written_by("an operator"):
        assert site.cache.clear()
    purge = only(redis_client)
    assert (purge.by, purge.kind, purge.keys, purge.everything) == ("an operator", "cleared", 2, True)


# On the command line.


def test_purges_are_told(site: Site, run: Run) -> None:
    assert run("purges") == (0, "Nothing was forgotten in the last seven days.\n", "")
    site.cache.memoize(50)(site.read)(1)
    with written_by("POST /rows/<int:number>"):
        site.write(1, "new")
        site.write(2, "new")
    with written_by("\x1b[2J"):
        site.cache.invalidate({"row/\x1b"}, "withdrawn")
    status, output, _ = run("purges")
    latest_line, first = output.splitlines()
    assert status == 0
    assert "POST /rows/<int:number> (2 times since " in first
    assert first.endswith(": 1 keys went, changed: row/1, row/2")
    assert latest_line.endswith("\\x1b[2J: 0 keys went, withdrawn: row/\\x1b")
    (_, told) = json.loads(run("purges", "--json")[1])
    assert (told["by"], told["times"], told["keys"]) == ("POST /rows/<int:number>", 2, 1)
