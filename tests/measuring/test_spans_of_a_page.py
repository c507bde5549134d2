"""The tree of a real page: what it is made of, and that the parts account for the whole."""

import statistics
from time import perf_counter_ns

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from werkzeug.test import create_environ

from application.extensions import cache, db, live
from application.jobs.tasks import heartbeat
from application.measuring.timing import Measurement, Span, measuring
from tests.controller.conftest import Browser

PAGE = "/articles/on-engines"
ROUNDS = 15


def kinds(within: Span) -> set[str]:
    return {found.kind for _, found in within.walk()}


def find(within: Span, kind: str, name: str) -> Span:
    return next(found for _, found in within.walk() if (found.kind, found.name) == (kind, name))


def test_a_page_that_is_made_shows_all_that_it_is_made_of(reader: Browser, measured: list[Measurement]) -> None:
    assert reader.get(PAGE).headers["X-Cache"] == "miss"
    (whole,) = measured
    assert (whole.root.kind, whole.root.name, whole.route, whole.status) == (
        "request",
        f"GET {PAGE}",
        "/articles/<slug>",
        200,
    )
    finding = find(whole.root, "page", "find")
    assert finding.note == f"miss: view/{PAGE}"
    view = find(finding, "view", "articles.article")
    cached = find(view, "cached", "get_article")
    assert cached.note == "miss: get_article(slug=on-engines)"
    assert [child.name for child in cached.children] == ["process", "redis fetch", "get_article"]
    assert [child.kind for child in find(cached, "data", "get_article").children] == ["db", "db"]
    fragment = find(find(view, "template", "articles/article.html"), "fragment", "fragment/more_by")
    assert fragment.note == "miss: fragment/more_by/1"
    assert find(finding, "encode", "page")
    assert find(finding, "cache", "redis store")


def test_a_page_out_of_redis_enters_neither_flask_nor_the_database(
    reader: Browser, measured: list[Measurement]
) -> None:
    reader.get(PAGE)
    assert reader.get(PAGE).headers["X-Cache"] == "hit redis"
    assert kinds(measured[-1].root) == {"request", "page", "cache", "decode"}
    assert measured[-1].route == "/articles/<slug>"


def test_the_parts_of_a_page_that_is_made_are_the_whole(
    app: Flask, reader: Browser, measured: list[Measurement]
) -> None:
    """By a clock outside, what no part accounts for is less than a twentieth.

    The middle of several rounds, since the machine may stop in any of them for somebody else.
    """
    unaccounted = []
    for _ in range(ROUNDS):
        cache.clear()
        environ = create_environ(PAGE, "http://localhost")
        before = perf_counter_ns()
        list(app.wsgi_app(environ, lambda *_: None))
        elapsed = perf_counter_ns() - before
        whole = measured.pop()
        parts = [found for _, found in whole.root.walk()][1:]
        assert "db" in kinds(whole.root)
        assert sum(part.own for part in parts) + whole.root.own == whole.root.elapsed
        unaccounted.append((elapsed - sum(part.own for part in parts)) / elapsed)
    assert statistics.median(unaccounted) < 0.05


def test_an_address_that_is_none_has_no_rule(reader: Browser, measured: list[Measurement]) -> None:
    assert reader.get("/none/of/these").status_code == 404
    assert (measured[0].route, measured[0].status) == ("", 404)


def test_a_request_that_no_cache_answers_has_its_rule_and_its_view(
    reader: Browser, measured: list[Measurement]
) -> None:
    reader.post("/article_like/1", headers={"Sec-Fetch-Site": "same-origin"})
    assert measured[0].route == "/article_like/<int:article_id>"
    view = find(measured[0].root, "view", "likes.like")
    assert {"write", "db"} <= kinds(view)


def test_a_statement_that_fails_ends_with_its_error(app: Flask) -> None:
    with measuring() as whole:
        with pytest.raises(DBAPIError):
            db.session.execute(text("SELECT no_such_column"))
        db.session.rollback()
        db.session.execute(text("SELECT 1"))
    failed, worked = (found for _, found in whole.root.walk() if found.kind == "db")
    assert failed.elapsed >= 0
    assert failed.note
    assert (worked.name, worked.note) == ("SELECT 1", "")


def test_an_event_is_a_span(app: Flask) -> None:
    with measuring() as whole:
        live.publish("likes", {"article_id": 1, "likes": 1})
    assert [(child.kind, child.name) for child in whole.root.children] == [("event", "likes")]


def test_a_job_is_a_whole_of_its_own(app: Flask, measured: list[Measurement]) -> None:
    heartbeat()
    (whole,) = measured
    assert (whole.root.kind, whole.root.name) == ("job", "heartbeat")
