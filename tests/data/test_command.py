"""`flask perf statements` and `flask database …`."""

import msgspec
import pytest
import redis
from flask import Flask
from flask.testing import FlaskCliRunner

from application.measuring import figures
from application.measuring.figures import Part, Taken
from application.measuring.windows import WINDOWS, Windows
from tests.own_redis import own_redis

MS = 1_000_000
ALL = "SELECT title FROM articles WHERE reading_minutes = 3"
BY_KEY = "SELECT title FROM articles WHERE article_id = 7 AND title <> '\x1b[31m'"


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


@pytest.fixture
def told(app: Flask, library: None) -> None:
    """Two statements that were asked, and told of."""
    figures.process.take()
    parts = {
        ("db", ALL): Part(2, 40 * MS, 30 * MS),
        ("db", BY_KEY): Part(5, 5 * MS, 2 * MS),
        ("data", "x"): Part(1, 1, 1),
    }
    windows: Windows = app.extensions[WINDOWS]
    windows.tell(Taken({}, parts), lambda call: call())


def test_statements_are_shown_with_how_rows_are_found(told: None, runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["perf", "statements"])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0].startswith("The last hour: ")
    assert lines[2].split()[:6] == ["20.000", "30.000", "40.0", "88.9%", "2", "SELECT"]
    assert lines[3].strip() == "! reads all of articles (1,000 rows or more)"
    assert "\x1b" not in result.output
    assert len(lines) == 6


def test_plans_are_shown_whole(told: None, runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["perf", "statements", "--plans", "--order", "calls", "--window", "day"])
    assert result.exit_code == 0, result.output
    assert result.output.index("article_id = 7") < result.output.index("reading_minutes")
    assert "SCAN articles" in result.output or "Seq Scan on articles" in result.output


def test_a_program_gets_everything(told: None, runner: FlaskCliRunner) -> None:
    document = msgspec.json.decode(runner.invoke(args=["perf", "statements", "--json"]).output)
    assert (document["window"], document["order"], document["calls"], document["total_ms"]) == ("hour", "mean", 7, 45)
    first = document["statements"][0]
    assert (first["sql"], first["calls"]) == (ALL, 2)
    assert first["plan"]["scans"] == [
        {"table": "articles", "rows": 1000, "is_big": True, "columns": ["reading_minutes"], "is_whole": True}
    ]


def test_nothing_asked_is_said_in_a_line(runner: FlaskCliRunner, redis_client: redis.Redis) -> None:
    redis_client.flushdb()
    result = runner.invoke(args=["perf", "statements"])
    assert (result.exit_code, result.output) == (1, "Error: no statement was measured in the last hour\n")


@pytest.mark.parametrize("command", [["perf", "statements"], ["database", "indexes"]])
def test_a_redis_that_is_away_is_said_in_a_line(app: Flask, runner: FlaskCliRunner, command: list[str]) -> None:
    with own_redis() as server:
        app.extensions[WINDOWS] = Windows(redis.Redis(port=server.port))
    result = runner.invoke(args=command)
    assert result.exit_code == 2
    assert result.output.startswith("Error: Redis does not answer: ")


def test_tables_are_shown_without_redis(app: Flask, library: None, runner: FlaskCliRunner) -> None:
    with own_redis() as server:
        app.extensions[WINDOWS] = Windows(redis.Redis(port=server.port))
    result = runner.invoke(args=["database", "tables"])
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.output.splitlines() if line.endswith("  articles")]
    assert line.split()[2] == "2,000"
    document = msgspec.json.decode(runner.invoke(args=["database", "tables", "--json"]).output)
    assert {one["name"] for one in document["tables"]} >= {"articles", "users"}


def test_indexes_are_shown_and_those_that_nobody_uses(told: None, runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["database", "indexes"])
    assert result.exit_code == 0, result.output
    assert "on articles (slug), unique" in result.output
    assert "on article_likes (user_id), for deletions from users" in result.output
    unused = runner.invoke(args=["database", "indexes", "--unused"]).output
    assert "ix_autosaves_updated_at" in unused
    assert "unique" not in unused
    document = msgspec.json.decode(runner.invoke(args=["database", "indexes", "--unused", "--json"]).output)
    assert {one["uses"] for one in document["indexes"]} == {0}
