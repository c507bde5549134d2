"""The database on the console."""

import re

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from application.measuring.figures import Part, Taken
from application.measuring.windows import KEY, NAMES_KEY, WINDOWS, Windows
from tests.controller.markup import Markup

MS = 1_000_000
ALL = "SELECT title FROM articles WHERE reading_minutes = 3 AND title <> '<b>'"


@pytest.fixture
def windows(app: Flask) -> Windows:
    found: Windows = app.extensions[WINDOWS]
    return found


def tell(windows: Windows, *texts: str) -> None:
    parts = {("db", text): Part(4, 4_000_000 * MS, 2_000_000 * MS) for text in texts}
    assert windows.tell(Taken({}, parts), lambda call: call())


def test_a_statement_leads_to_its_plan(operator: FlaskClient, windows: Windows) -> None:
    tell(windows, ALL)
    page = operator.get("/console/database")
    assert Markup(page.text).faults == []
    assert "reads all of articles (0)" in page.text
    row = page.text.split("title &lt;&gt; &#39;&lt;b&gt;&#39;</a>")[1].split("</tr>")[0]
    assert re.findall(r'number">([\d.]+)<', row) == ["1000000.000", "2000000.000", "4", "4000000.0"]
    (address,) = re.findall(r'href="(/console/database/[0-9a-f]+\?window=hour)">SELECT title FROM articles', page.text)
    one = operator.get(address)
    assert one.status_code == 200
    assert Markup(one.text).faults == []
    assert "SCAN articles" in one.text or "Seq Scan on articles" in one.text


def test_a_statement_that_was_not_asked_is_not_there(operator: FlaskClient) -> None:
    answer = operator.get("/console/database/made-up?window=day")
    assert answer.status_code == 404
    assert "No such statement was asked in the last day" in answer.text


def test_a_text_that_somebody_else_wrote_is_neither_shown_nor_explained(
    operator: FlaskClient, windows: Windows, redis_client: redis.Redis
) -> None:
    tell(windows, ALL)
    planted = "SELECT 1 / 0 AS planted"
    slot = redis_client.keys(f"{KEY}hour:*")[0]
    redis_client.hset(NAMES_KEY, "0123456789abcdef", f"db {planted}")
    redis_client.hset(slot, mapping={f"{what} 0123456789abcdef": 10**15 for what in ("calls", "sum", "max")})
    page = operator.get("/console/database?order=total")
    assert "SELECT title" in page.text
    assert "planted" not in page.text


def test_tables_and_indexes_are_listed(operator: FlaskClient) -> None:
    page = operator.get("/console/database")
    assert page.status_code == 200
    assert '<th scope="row">articles</th>' in page.text
    assert "for deletions from users" in page.text
    assert "Indexes that nobody uses" in page.text


def test_orders_and_windows_are_those_that_there_are(operator: FlaskClient, windows: Windows) -> None:
    tell(windows, ALL)
    for order in ("mean", "longest", "total", "calls"):
        assert operator.get(f"/console/database?window=day&order={order}").status_code == 200
    assert operator.get("/console/database?order=name").status_code == 400
    assert operator.get("/console/database?window=year").status_code == 400


def test_without_statements_it_says_so(app: Flask, operator: FlaskClient, redis_client: redis.Redis) -> None:
    for key in redis_client.scan_iter("broadsheet:perf:*"):
        redis_client.delete(key)
    assert "No statement was measured in the last hour" in operator.get("/console/database").text
    del app.extensions[WINDOWS]
    page = operator.get("/console/database")
    assert "No statements are counted" in page.text
    assert operator.get("/console/database/made-up").status_code == 404
