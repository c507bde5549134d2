"""What the parts of the console share."""

from itertools import islice

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from application.controller.console import ticks
from application.controller.console.frame import PARTS
from application.measuring.windows import WINDOWS, Windows
from tests.controller.markup import Markup
from tests.controller.people import make_user, sign_in
from tests.own_redis import own_redis


@pytest.mark.parametrize("role", ["", "reader", "author", "editor"])
def test_nobody_but_an_administrator_sees_it(app: Flask, client: FlaskClient, role: str) -> None:
    if role:
        make_user("somebody", role)
        sign_in(client, "somebody")
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("console.") and not rule.arguments:
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                answer = client.open(rule.rule, method=method)
                expected = 403 if role else 302
                assert answer.status_code == expected, (method, rule.rule)
                assert role or "/login" in answer.location


def test_it_leads_to_every_part(operator: FlaskClient) -> None:
    page = operator.get("/console", follow_redirects=True)
    for part in PARTS:
        assert f"/console/{part}" in page.text
        answer = operator.get(f"/console/{part}")
        assert answer.status_code == 200, part
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert Markup(answer.text).faults == []


def test_it_says_when_redis_is_away(app: Flask, operator: FlaskClient) -> None:
    with own_redis() as server:
        windows = Windows(redis.Redis(port=server.port))
    app.extensions[WINDOWS] = windows
    page = operator.get("/console/performance")
    assert page.status_code == 503
    assert "Redis does not answer" in page.text
    assert "/console/performance" in page.text
    told = operator.get("/console/performance", headers={"Accept": "application/json"})
    assert (told.status_code, told.content_type) == (503, "application/problem+json")


def test_it_ticks_for_a_while_and_gives_the_place_back(operator: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticks, "EVERY", 0.01)
    monkeypatch.setattr(ticks, "LASTS", 0.05)
    for _ in range(ticks.AT_ONCE + 1):
        answer = operator.get("/console/ticks")
        assert answer.content_type == "text/event-stream; charset=utf-8"
        told = b"".join(answer.iter_encoded())
        answer.close()
        assert told.startswith(b"retry: 10\n\nevent: tick\n")


def test_only_so_many_pages_tick_at_once(operator: FlaskClient) -> None:
    open_ones = [operator.get("/console/ticks") for _ in range(ticks.AT_ONCE)]
    assert [next(islice(one.iter_encoded(), 1)) for one in open_ones] == [b"retry: 2000\n\n"] * ticks.AT_ONCE
    refused = operator.get("/console/ticks")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "60")
    for one in open_ones:
        one.close()
    again = operator.get("/console/ticks")
    assert again.status_code == 200
    again.close()
