"""Whatever a stranger sends gets a clear answer and changes nothing."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.datastructures import Headers

from application.extensions import Base, db, limiter
from tests.controller.people import make_article, make_user, sign_in

FORM = "application/x-www-form-urlencoded"
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")

# Unlimited for these tests: they send more than any person would.
pytestmark = pytest.mark.usefixtures("unlimited")


@pytest.fixture
def unlimited(app: Flask) -> Iterator[None]:
    limiter.enabled = False
    yield
    limiter.enabled = True


@pytest.mark.parametrize("path", ["/login", "/register", "/create_article", "/article_like/1"])
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"email=%FF&title=%C3", FORM),
        (b"email=\xff\xfe", FORM),
        (b"email=a%00b&title=a%00b", FORM),
        (b"title=a\x00b", FORM),
        (
            b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\n\xff\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
        ),
        (b'{"email": ', "application/json"),
        (b"\xff", "application/json"),
        (b'{"email": "\\ud800"}', "application/json"),
        (b'{"password": "\\u0000"}', "application/json"),
        (b"[" * 200_000, "application/json"),
    ],
)
def test_a_body_that_is_no_text_is_400(client: FlaskClient, path: str, body: bytes, kind: str) -> None:
    answer = client.post(path, data=body, content_type=kind)
    assert answer.status_code == 400
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("path", ["/login", "/register"])
@pytest.mark.parametrize(
    "value", [5, 1.5, [], [1], {"a": 1}, {"email": 5}, {"next": {"a": 1}}, {"password": ["x"]}, "x"]
)
def test_json_that_is_not_like_a_form_is_400(client: FlaskClient, path: str, value: object) -> None:
    assert client.post(path, json=value).status_code == 400


@pytest.mark.parametrize("path", ["/login", "/register", "/create_article", "/article_like/1"])
def test_a_body_of_an_unknown_kind_is_415(client: FlaskClient, path: str) -> None:
    for kind in ("text/plain", "application/xml", "image/png", "", "nonsense"):
        assert client.post(path, data=b"x", content_type=kind).status_code == 415


@pytest.mark.parametrize("path", ["/login", "/register", "/create_article", "/article_like/1", "/logout"])
def test_a_huge_body_is_413(client: FlaskClient, path: str) -> None:
    body = b"email=" + b"x" * (2 * 1024 * 1024)
    assert client.post(path, data=body, content_type=FORM).status_code == 413


@pytest.mark.parametrize(
    "path", ["/%00", "/articles/%00", "/articles_by/a%0ab", "/account%00.css", "/tags/%7f", "/%1b"]
)
def test_an_address_with_control_characters_does_not_exist(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("query", ["next=%00", "next=a%0d%0aSet-Cookie:x=1", "%00=1", "next=%7f"])
def test_a_query_with_control_characters_is_400(client: FlaskClient, query: str) -> None:
    assert client.get(f"/login?{query}").status_code == 400


def test_an_endless_query_is_414(client: FlaskClient) -> None:
    assert client.get("/login?next=" + "x" * 5000).status_code == 414


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost:80@evil.example", "[", ""])
def test_another_sites_name_is_400(client: FlaskClient, host: str) -> None:
    answer = client.get("/login", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.text


def test_every_answer_has_the_security_headers(app: Flask, client: FlaskClient) -> None:
    for path in ("/", "/login", "/me", "/nothing", "/api/test", "/hello", "/robots.txt", "/stream?x"):
        method = client.head if path.startswith("/stream") else client.get
        headers = method(path).headers
        assert "script-src 'self'" in headers["Content-Security-Policy"], path
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"], path


def test_a_stored_page_has_them_too(client: FlaskClient) -> None:
    first, second = client.get("/about"), client.get("/about")
    assert second.headers["X-Cache"].startswith("hit")
    assert first.headers["Content-Security-Policy"] == second.headers["Content-Security-Policy"]
    assert second.headers["Cache-Control"] == "no-cache"


# Text with everything in it that has ever broken a site, beside what Hypothesis finds by itself.
NASTY = [
    "", "0", "-1", "9" * 40, "null", "../../etc/passwd", "..%2f", "'; DROP TABLE users; --", "<script>alert(1)</script>",
    "{{7*7}}", "%s%n", "\u202e", "\u0000", "\ufeff", "\U0001f468\u200d\U0001f469", "a" * 3000, "\r\nX: y", "http://[", "é" * 50,
    "20260101T000000000000Z-1", "99999999T999999999999Z-9", "١٢٣",
]  # fmt: skip
TEXT = st.one_of(st.sampled_from(NASTY), st.text(max_size=60), st.integers().map(str))
NAMES = st.one_of(
    st.sampled_from(
        ["email", "username", "password", "password_confirm", "next", "title", "content", "tags", "slug", "version",
         "publish", "preview", "before", "after", "article", "auth_token", "include_auth_token"]
    ),
    TEXT,
)  # fmt: skip
# ruff: noqa: E501
HEADERS = st.dictionaries(
    st.sampled_from(
        ["Accept", "Accept-Encoding", "Accept-Language", "Authentication-Token", "Authorization", "Cookie", "If-None-Match",
         "If-Modified-Since", "Last-Event-ID", "Range", "Referer", "User-Agent", "X-Forwarded-For", "X-Forwarded-Host",
         "X-Forwarded-Proto", "X-HTTP-Method-Override", "X-Original-URL", "Content-Type", "Origin", "Sec-Fetch-Site"]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60),
    max_size=4,
)  # fmt: skip


def contents() -> dict[str, list[tuple[object, ...]]]:
    db.session.rollback()
    tables = Base.metadata.sorted_tables
    return {table.name: sorted((tuple(row) for row in db.session.execute(select(table))), key=repr) for table in tables}


@pytest.fixture
def furnished(app: Flask) -> Flask:
    make_article(make_user("ada", "author"), "An article")
    make_user("grace", "reader")
    return app


@given(data=st.data())
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_no_stranger_breaks_or_changes_anything(furnished: Flask, data: st.DataObject) -> None:
    """Throw made-up requests at every route there is; a like of a real article is the one deed a stranger may do."""
    rules = [rule for rule in furnished.url_map.iter_rules() if rule.endpoint != "live.stream"]
    rule = data.draw(st.sampled_from(sorted(rules, key=str)))
    path = re.sub(r"<(path:)?[^>]+>", lambda part: quote(data.draw(TEXT), safe="/" if part[1] else ""), str(rule))
    if path.startswith(("/article_like/1", "/article_unlike/1")):
        path += "0"
    method = data.draw(st.sampled_from(("GET", "HEAD", "OPTIONS", *UNSAFE)))
    before = contents()
    answer = furnished.test_client().open(
        path,
        method=method,
        query_string=data.draw(st.dictionaries(NAMES, TEXT, max_size=3)),
        headers=Headers(list(data.draw(HEADERS).items())),
        data=data.draw(st.one_of(st.none(), st.binary(max_size=200), st.dictionaries(NAMES, TEXT, max_size=6)))
        if method in UNSAFE
        else None,
    )
    text = answer.data
    answer.close()
    assert answer.status_code < 500, (method, path)
    assert b"Traceback" not in text
    assert contents() == before


@given(
    title=TEXT, standfirst=TEXT, content=TEXT, tags=TEXT, slug=TEXT,
    version=st.one_of(st.just("1"), TEXT), preview=st.booleans(),
)  # fmt: skip
@example(title="x", standfirst="", content="|a|\n|-|\n|b|", tags="", slug="\ud7ff", version="1", preview=False)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_no_writer_breaks_anything(furnished: Flask, preview: bool, **typed: str) -> None:
    client = furnished.test_client()
    sign_in(client, "ada")
    more = {"preview": "1"} if preview else {"publish": "y"}
    for path in ("/create_article", "/articles/an-article/edit"):
        answer = client.post(path, data={**typed, **more})
        assert answer.status_code < 500, (path, typed)
        if answer.status_code == 303:
            page = client.get(answer.location, follow_redirects=True)
            assert page.status_code == 200, answer.location
