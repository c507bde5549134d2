"""The experiment: one operator's requests without some of the caching, and everybody else's as ever."""

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from application.caching import PAGES
from application.controller.console.experiment import WHOLE_PAGES
from application.measuring import trials
from application.measuring.trials import KEPT, KEY, Compared, Trials, Try, compare
from tests.controller.markup import Markup
from tests.controller.people import make_article, make_user, sign_in

MS = 1_000_000


def begin(operator: FlaskClient, *off: str) -> None:
    assert operator.post("/console/experiment", data={"off": list(off)}).status_code == 303


def cache_of(client: FlaskClient, address: str) -> tuple[str, int]:
    """Ask, and return what became of the page and how many statements there were."""
    answer = client.get(address)
    assert answer.status_code == 200
    statements = answer.headers["Server-Timing"].partition("db;dur=")[2].partition('desc="')[2].partition(" ")[0]
    return answer.headers["X-Cache"], int(statements or 0)


def test_only_the_operators_own_requests_do_without(app: Flask, operator: FlaskClient) -> None:
    _, slug = make_article(make_user("ada", "author"))
    address, stranger = f"/articles/{slug}", app.test_client()
    assert cache_of(stranger, address)[0] == "miss"
    begin(operator, WHOLE_PAGES)
    outcome, without_page = cache_of(operator, address)
    assert outcome == "bypass trial"
    begin(operator, "get_article")
    outcome, statements = cache_of(operator, address)
    assert outcome == "bypass trial"
    assert statements > without_page
    assert operator.get(address).headers["Cache-Control"] == "private, no-store"
    assert cache_of(stranger, address)[0].startswith("hit")
    begin(operator)
    assert cache_of(operator, address)[0].startswith("hit")
    operator.post("/console/experiment/end")
    assert operator.get_cookie(trials.COOKIE) is None


def test_the_page_compares_what_they_took(operator: FlaskClient) -> None:
    _, slug = make_article(make_user("ada", "author"))
    address = f"/articles/{slug}"
    for off in ((), ("get_article",)):
        begin(operator, *off)
        for _ in range(3):
            operator.get(address)
    page = operator.get("/console/experiment")
    assert Markup(page.text).faults == []
    assert "Switched off for you: <strong>get_article</strong>" in page.text
    assert page.text.count(f'<th scope="row">GET {address}</th>') == 2
    operator.post("/console/experiment/end", data={"forget": "1"})
    assert f"GET {address}" not in operator.get("/console/experiment").text


def test_what_does_not_exist_cannot_be_switched_off(operator: FlaskClient) -> None:
    begin(operator, "get_article", "made_up")
    page = operator.get("/console/experiment").text
    assert "made_up" not in page
    assert "<strong>get_article</strong>" in page


@pytest.mark.parametrize("value", ["made-up", "", "WyIxIixbXV0.made.up", '"quoted'])
def test_a_forged_trial_changes_nothing(app: Flask, client: FlaskClient, redis_client: redis.Redis, value: str) -> None:
    client.get("/about")
    client.set_cookie(trials.COOKIE, value)
    assert client.get("/about").headers["X-Cache"].startswith("hit")
    assert list(redis_client.scan_iter(f"{KEY}*")) == []


def test_a_trial_ends_by_itself(operator: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(operator, WHOLE_PAGES)
    assert operator.get("/about").headers["X-Cache"] == "bypass trial"
    monkeypatch.setattr(trials, "LASTS", -1)
    assert operator.get("/about").headers["X-Cache"] != "bypass trial"


def test_what_is_remembered_is_bounded_and_foreign_lines_are_passed_over(
    app: Flask, operator: FlaskClient, redis_client: redis.Redis
) -> None:
    begin(operator)
    operator.get("/about")
    (key,) = redis_client.scan_iter(f"{KEY}*")
    redis_client.lpush(key, *[b"made up"] * (KEPT + 10))
    operator.get("/about")
    assert redis_client.llen(key) == KEPT
    assert 0 < redis_client.ttl(key) <= trials.KEPT_FOR
    found: Trials = app.extensions[PAGES].trials
    assert [one.name for one in found.read(int(key.decode().rpartition(":")[2]))] == ["GET /about"]


def test_an_editor_gets_no_trial(app: Flask, client: FlaskClient) -> None:
    make_user("edith", "editor")
    sign_in(client, "edith")
    assert client.post("/console/experiment", data={"off": WHOLE_PAGES}).status_code == 403
    assert client.get_cookie(trials.COOKIE) is None


def test_ratios_are_to_the_same_page_with_everything_on() -> None:
    def tries(name: str, off: tuple[str, ...], *elapsed_ms: int) -> list[Try]:
        return [Try(0, name, off, 200, one * MS, 2) for one in elapsed_ms]

    found = compare([*tries("GET /", (), 1, 2, 30), *tries("GET /", ("f",), 9, 10), *tries("GET /a", ("f",), 4)])
    assert found == [
        Compared("GET /", (), 3, 2.0, 1.0, 2, None),
        Compared("GET /", ("f",), 2, 9.5, 9.0, 2, 4.75),
        Compared("GET /a", ("f",), 1, 4.0, 4.0, 2, None),
    ]
