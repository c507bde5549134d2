"""`flask explain`, as an operator types it: what it names, and that it leaves nothing behind."""

import json
import os
import subprocess
import sys
from itertools import pairwise

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from application import create_app
from application.config import ROOT
from application.explaining.explanation import Explanation
from application.extensions import cache, db
from tests.conftest import settings_for
from tests.explaining.conftest import Run, explained, runner
from tests.explaining.planted import ROWS
from tests.own_redis import frozen, own_redis
from tests.site import eventually
from tests.state import rows

PATIENCE = 120.0
"""Seconds after which a command is taken to wait for ever."""

# What is named.


def test_three_planted_faults_are_named(run: Run, big_table: None) -> None:
    status, output = run("/planted")
    assert status == 0, output
    assert "now        bypass set-cookie: the answer sets a cookie: planted\n" in output
    assert "not cached: the answer sets a cookie: planted\n" in output
    assert "repeated statement: N+1: 5 times the same statement with other values: SELECT title FROM articles" in output
    assert "full scan: all of planted is read, 1,000 rows or more" in output
    assert "missing index: no index begins with planted.place, which is compared here" in output
    assert "an index on planted (place) by a migration" in output
    # The key of the table has its index.
    assert "planted.number" not in output
    assert "not for terminals" not in output


def test_nothing_is_named_once_they_are_mended(run: Run, big_table: None) -> None:
    db.session.execute(text("CREATE INDEX ix_planted_place ON planted (place)"))
    db.session.commit()
    found = explained(run, "/planted/mended")
    assert found.queries == 2
    assert found.findings == []
    assert found.tier.made == "miss"


def test_statements_are_told_with_rows_and_plans(run: Run, big_table: None) -> None:
    found = explained(run, "/planted")
    repeated, scanned = found.statements
    assert found.queries == 6
    assert [len(repeated.runs), len(scanned.runs)] == [5, 1]
    assert sum(one.rows or 0 for one in repeated.runs) == 1
    assert scanned.runs[0].rows == ROWS // 100
    assert all(one.elapsed_ns > 0 for one in repeated.runs)
    assert repeated.runs[0].place.startswith("tests/explaining/planted.py:")
    assert any("planted" in line or line.startswith("SCAN p") for line in scanned.plan)
    assert [scan.table for scan in scanned.scans] == ["planted"]


def test_rows_that_are_sorted_for_the_first_few_are_named(run: Run, big_table: None) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("what PostgreSQL sorts stands in its plan alone")
    db.session.execute(text("UPDATE planted SET place = '7'"))
    db.session.execute(text("CREATE INDEX ix_planted_place ON planted (place)"))
    db.session.commit()
    status, output = run("/planted/sorted")
    assert status == 0, output
    assert "sort: 1,000 rows or more of planted may be read and sorted for the first few: SELECT number" in output
    assert "an index on planted that begins with place and goes on with what is ordered by" in output
    assert "sorts 1,000 rows or more of planted" in output
    assert "full scan" not in output


def test_a_small_table_that_is_read_whole_is_no_fault(run: Run) -> None:
    found = explained(run, "/planted/twice")
    assert [one.kind for one in found.findings] == ["not cached", "same statement again"]


@pytest.mark.parametrize("path", ["/planted/plain", "/planted/plain/template", "/metrics"])
def test_a_view_that_looks_at_nothing_is_not_told_to_look_away(run: Run, path: str) -> None:
    output = run(path)[1]
    assert "now        bypass view: nothing asks for it to be cached: the view " in output
    assert "to change  put @cache.cached(timeout=…) on it" in output
    assert "session" not in output.partition("\nkeys")[0]


@pytest.mark.parametrize("path", ["session", "account", "template", "messages"])
@pytest.mark.parametrize("reader", [(), ("--as", "ada")])
def test_a_view_that_looks_at_who_reads_is_told_so(run: Run, path: str, reader: tuple[str, ...]) -> None:
    found = explained(run, f"/planted/look/{path}", *reader)
    assert "is not cached, and looks at the session at tests/explaining/planted.py:" in found.tier.why
    assert found.tier.change.startswith("nothing, where it is; otherwise leave the session alone")


def test_a_write_is_named_and_undone(run: Run) -> None:
    before = rows()
    status, output = run("/planted/write")
    assert status == 0, output
    assert "now        bypass write: something is written to the database while the page is made: UPDATE" in output
    assert "tests/explaining/planted.py:" in output
    assert rows() == before


def test_a_page_that_nobody_has_asked_for_yet(run: Run) -> None:
    status, output = run("/articles/on-engines")
    assert status == 0, output
    assert "view       application.controller.articles.article  application/controller/articles.py:" in output
    assert "now        miss: it is not in Redis" in output
    assert "again " in output
    assert "X-Cache: hit process" in output
    assert "page     view//articles/on-engines  for 300 s" in output
    assert "function get_article(slug=on-engines)" in output
    assert "request GET /articles/on-engines" in output
    assert "X-Accel-Expires: 1" in output
    assert "nginx keeps it for 1 s at most" in output


def test_a_page_that_is_stored_is_told_with_its_age_and_tags(run: Run, client: FlaskClient) -> None:
    client.get("/articles/on-engines")
    found = explained(run, "/articles/on-engines")
    page = found.keys[0]
    assert (found.tier.outcome, found.tier.made) == ("hit redis", "miss")
    assert page.name == "view//articles/on-engines"
    assert page.stored is not None
    assert page.stored.ttl is not None
    assert 0 < page.stored.ttl <= 300
    assert page.stored.age is not None
    assert (page.stored.doubt, page.lifetime) == ("", 300)
    assert "article/1" in page.tags
    assert set(found.bytes) == {"identity", "gzip", "br"}
    assert found.bytes["br"] < found.bytes["identity"]


def test_a_page_in_redis_that_is_not_believed(run: Run, client: FlaskClient, redis_client: redis.Redis) -> None:
    client.get("/articles/on-engines")
    redis_client.set("broadsheet:epoch", "another")
    found = explained(run, "/articles/on-engines")
    assert found.tier.outcome == "miss"
    assert "not believed (of another epoch" in found.tier.why


def test_the_parts_of_the_waterfall_are_the_whole(run: Run) -> None:
    found = explained(run, "/articles/on-engines")
    whole = found.spans[0]
    assert whole.elapsed_ns == found.tier.made_ns
    assert sum(step.own_ns for step in found.spans) == whole.elapsed_ns
    assert all(0 <= step.began_ns <= whole.elapsed_ns for step in found.spans)
    assert all(after.depth <= before.depth + 1 for before, after in pairwise(found.spans))


def test_a_worker_is_quoted_by_name(run: Run, app: Flask, redis_client: redis.Redis) -> None:
    assert "workers: none tells of itself: is the site running?" in run("/about")[1]
    cache.start_worker(app)
    try:
        eventually(lambda: list(redis_client.scan_iter("broadsheet:stats:worker:*")))
        found = explained(run, "/about")
        named = [f"worker {one.host}:{one.pid}, by its own word of the last seconds: " for one in found.workers]
        assert len(named) == 1
        assert named[0] in run("/about")[1]
    finally:
        cache.stop_worker(app)


# For programs.


def test_budgets_end_with_a_status(run: Run, big_table: None) -> None:
    assert run("/planted", "--max-queries", "6", "--max-ms", "60000")[0] == 0
    status, output = run("/planted", "--max-queries", "5", "--max-ms", "0.001")
    assert status == 1
    assert "broken: 6 statements, 5 were allowed" in output
    assert "ms, 0.001 were allowed" in output
    assert len(explained(run, "/planted", "--max-queries", "0").broken) == 1


def test_json_has_the_same_form_each_time(run: Run) -> None:
    first, second = (json.loads(run("/articles/on-engines", "--json")[1]) for _ in range(2))
    assert form(first) == form(second)
    assert first["format"] == 1
    assert set(first) == set(Explanation.__struct_fields__)


def form(value: object) -> object:
    """Leave of a document what a program relies on: names, texts, the number of things; no figure."""
    if isinstance(value, dict):
        return {name: form(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [form(inner) for inner in value]
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


# What cannot be explained, or not wholly.


def test_what_never_ends_is_given_up(run: Run) -> None:
    status, output = run("/planted/endless", "--give-up-after", "2")
    assert (status, output) == (2, "Error: /planted/endless takes longer than 2 s to explain\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("/nowhere",), "/nowhere is answered with 404 NOT FOUND"),
        (("/articles/none",), "/articles/none is answered with 404 NOT FOUND"),
        (("/articles/none", "--json"), "/articles/none is answered with 404 NOT FOUND"),
        (("http://[",), "http://[ is not an address"),
        (("articles",), "articles is not an address such as / or http://localhost/"),
        (("https://example.com/",), "https://example.com/ is not on this site, which is http://localhost"),
        (("/", "--as", "nobody"), "no account is called nobody, and none signs in with it"),
        (("/", "--as", "nobody@example.com"), "no account is called nobody@example.com, and none signs in with it"),
        (("/", "--as", ""), "no account is called , and none signs in with it"),
        (("/planted/broken",), "/planted/broken is answered with 500 INTERNAL SERVER ERROR"),
        (("/", "--max-queries", "-1"), "--max-queries"),
        (("/", "--max-ms", "nan"), "Invalid value for '--max-ms': nan is no number"),
        (("red\a\nline2",), "Error: red\\x07\\nline2 is not an address such as"),
    ],
)
def test_what_cannot_be_explained_is_one_line_and_a_status(run: Run, arguments: tuple[str, ...], said: str) -> None:
    status, output = run(*arguments)
    assert status == 2
    assert said in output.splitlines()[-1]


def test_a_page_that_raises_is_explained_up_to_there(run: Run) -> None:
    status, output = run("/planted/broken")
    assert status == 2
    assert "GET /planted/broken as a reader without an account: 500 INTERNAL SERVER ERROR\n" in output
    assert "  exception: RuntimeError: of itself\\x07 and of nothing else at tests/explaining/planted.py:" in output
    assert "now        bypass view: it is answered with 500 INTERNAL SERVER ERROR: RuntimeError at tests/" in output
    assert "view       tests.explaining.planted.plant_oddities.<locals>.broken  tests/explaining/planted.py:" in output
    assert "statements: 1 in " in output
    assert "SELECT count(*) FROM roles" in output
    assert "view broken" in output


def test_a_template_that_raises_is_explained(run: Run) -> None:
    found = explained(run, "/planted/broken/page")
    assert (found.status, found.tier.made) == ("500 INTERNAL SERVER ERROR", "bypass status")
    assert found.findings[0].kind == "exception"
    assert found.findings[0].what.startswith("ZeroDivisionError: integer division or modulo by zero at tests/")


def test_an_address_that_is_none_is_explained_too(run: Run) -> None:
    output = run("/nowhere")[1]
    assert "route      none matches" in output
    assert "bypass address: no route of the site is like this address" in output


def test_a_stream_is_explained_without_waiting_for_its_end(run: Run) -> None:
    status, output = run("/stream")
    assert status == 0, output
    assert "bytes: a stream, which never ends" in output
    assert "it is a stream, of which every reader has one of their own" in output
    assert "@cache.cached" not in output
    assert "asks the site every time, and hands each piece over as it comes  [location = /stream]" in output


def test_a_way_to_elsewhere_is_told(run: Run) -> None:
    status, output = run("/account")
    assert status == 0, output
    assert "  Location: /login" in output


def test_while_redis_is_down_the_rest_is_told(run: Run, app: Flask, database_url: str) -> None:
    away = create_app(settings_for(database_url, "redis://127.0.0.1:1"))
    with away.app_context():
        status, output = runner(away)("/articles/on-engines")
        db.session.remove()
        db.engine.dispose()
    assert status == 2
    assert "now        bypass redis: Redis does not answer: " in output
    assert "function get_article(slug=on-engines)" in output
    assert "workers: unknown, Redis does not answer: " in output
    assert output.splitlines()[-1].endswith("what is stored could not be looked up")


def test_a_redis_that_is_frozen_is_told_in_one_line(run: Run, database_url: str) -> None:
    with own_redis() as server, frozen(server):
        environ = {
            "PATH": os.environ["PATH"],
            "ENV": "test",
            "DATABASE_URL": database_url,
            "REDIS_URL": f"redis://127.0.0.1:{server.port}",
        }
        command = [sys.executable, "-m", "flask", "--app", "main", "explain", "/about"]
        told = subprocess.run(
            command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    assert told.returncode == 2
    assert "now        bypass redis: Redis does not answer: Timeout" in told.stdout
    assert told.stderr.startswith("Error: Redis does not answer: Timeout")
    assert told.stderr.endswith("; what is stored could not be looked up\n")
    assert told.stderr.count("\n") == 1


def test_a_site_without_redis_is_explained(run: Run, app: Flask, database_url: str, redis_url: str) -> None:
    other = create_app(settings_for(database_url, redis_url, CACHE_TYPE="NullCache"))
    with other.app_context():
        status, output = runner(other)("/articles/on-engines")
        db.session.remove()
        db.engine.dispose()
    assert status == 0, output
    assert "now        bypass redis: " in output
