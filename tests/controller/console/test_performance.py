"""Latencies, errors and spans on the console."""

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from application.measuring import figures
from application.measuring.figures import Part, Taken, Tally
from application.measuring.windows import WINDOWS, Windows
from tests.controller.markup import Markup

MS = 1_000_000


@pytest.fixture
def windows(app: Flask) -> Windows:
    found: Windows = app.extensions[WINDOWS]
    return found


def tell(windows: Windows, route: str, *elapsed_ms: float, status: int = 200, kind: str = "request") -> None:
    tally = Tally()
    for one in elapsed_ms:
        tally.note(int(one * MS), status)
    whole = tally.take()
    assert whole is not None
    spans = {("db", "SELECT <1>"): Part(3, 40 * MS, 20 * MS)}
    assert windows.tell(Taken({(kind, route): whole}, spans), lambda call: call())


def cells(page: str, name: str) -> list[str]:
    """Return the figures in the row of this name."""
    rows = [row.split("</tr>")[0] for row in page.split("<tr>")]
    (row,) = [row for row in rows if f">{name}<" in row]
    return [cell.split(">", 1)[1].split("<")[0] for cell in row.split("<td")[1:]]


def test_routes_jobs_and_spans_have_their_figures(operator: FlaskClient, windows: Windows) -> None:
    tell(windows, "GET /articles/<slug>", *[3.0] * 98, 30.0, 30.0)
    tell(windows, "POST /feedback", 700, status=500)
    tell(windows, "tidy", 3, kind="job")
    page = operator.get("/console/performance")
    assert page.status_code == 200
    assert Markup(page.text).faults == []
    p50, p90, p99, count, _, mean, refused, failed = cells(page.text, "GET /articles/&lt;slug&gt;")
    assert (count, refused, failed) == ("100", "0", "0")
    assert 2 <= float(p50) <= float(p90) <= 5
    assert 20 <= float(p99) <= 50
    assert 3 < float(mean) < 4
    assert cells(page.text, "POST /feedback")[-1] == "1"
    assert cells(page.text, "tidy")[3] == "1"
    # What is read can be explained, once its parts are filled in.
    ways = [link["href"] for link in Markup(page.text).all("a") if link.get("href", "").startswith("/console/explain?")]
    assert ways == ["/console/explain?url=/articles/%3Cslug%3E"]
    assert "SELECT &lt;1&gt;" in page.text
    assert "101 in all" in page.text


def test_the_day_is_a_window_of_its_own_and_others_are_not(operator: FlaskClient, windows: Windows) -> None:
    tell(windows, "GET /", 3)
    assert "each bar hour" in operator.get("/console/performance?window=day").text
    assert operator.get("/console/performance?window=year").status_code == 400


def test_before_anything_was_measured_it_says_so(operator: FlaskClient, redis_client: redis.Redis) -> None:
    for key in redis_client.scan_iter("broadsheet:perf:*"):
        redis_client.delete(key)
    assert "Nothing was measured in the last hour" in operator.get("/console/performance").text


def test_what_caches_cost_is_not_told_a_second_time(operator: FlaskClient, windows: Windows) -> None:
    parts = {(kind, "told again"): Part(1, MS, MS) for kind in figures.ACCOUNTS}
    assert windows.tell(Taken({}, {**parts, ("cached", "told once"): Part(1, MS, MS)}), lambda call: call())
    page = operator.get("/console/performance").text
    assert "told once" in page
    assert "told again" not in page
