"""Bodies that are too large or do not come: what was typed is handed back as far as it was read."""

import io
import os
import subprocess
import sys
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import EnvironBuilder, encode_multipart, run_wsgi_app

from application.config import MAX_TEXT_BYTES, ROOT, Settings
from application.controller.bodies import STILL_TYPED
from application.data.models import Article, Feedback
from application.extensions import db
from tests.controller.markup import Markup
from tests.controller.people import make_article, make_user, sign_in

MULTIPART = "multipart/form-data"
FIVE_MB = "five megabytes " * 350_000
ARTICLE = {"title": "A long one", "standfirst": "In short", "content": FIVE_MB, "tags": "length"}
LETTER = {"name": "Bo", "email": "bo@example.com", "message": FIVE_MB}
TOO_LONG_FOR_THE_FIELD = "This can have 1,000,000 characters at most."


@pytest.fixture
def author(app: Flask, client: FlaskClient) -> FlaskClient:
    make_article(make_user("ada", "author"), "Mine")
    sign_in(client, "ada")
    return client


def sent(typed: dict[str, str]) -> dict[str, Any]:
    """Encode a form here: the client would leave a file open."""
    boundary, body = encode_multipart(typed)
    return {"data": body, "content_type": f'{MULTIPART}; boundary="{boundary}"'}


def counts() -> list[int | None]:
    db.session.rollback()
    return [db.session.scalar(select(func.count()).select_from(model)) for model in (Article, Feedback)]


def assert_all_is_kept(page: str, typed: dict[str, str]) -> None:
    assert Markup(page).faults == []
    assert all(words in page for words in typed.values())


@pytest.mark.parametrize("path", ["/create_article", "/articles/mine/edit"])
@pytest.mark.parametrize("button", ["save", "publish", "preview", "schedule"])
def test_an_article_of_five_megabytes_comes_back_in_its_form(author: FlaskClient, path: str, button: str) -> None:
    answer = author.post(path, **sent({**ARTICLE, "do": button, "version": "1"}))
    assert answer.status_code == 422
    assert answer.text.count(TOO_LONG_FOR_THE_FIELD) == 2
    assert_all_is_kept(answer.text, ARTICLE)
    assert counts() == [1, 0]


def test_an_article_as_long_as_allowed_is_stored_in_any_script(author: FlaskClient) -> None:
    answer = author.post("/create_article", **sent({**ARTICLE, "content": "長い文章。" * 200_000}))
    assert answer.status_code == 303


def test_somebody_who_is_signed_out_gets_five_megabytes_back(client: FlaskClient) -> None:
    answer = client.post("/create_article", **sent(ARTICLE))
    assert answer.status_code == 403
    assert_all_is_kept(answer.text, ARTICLE)


def test_words_of_five_megabytes_are_not_kept_while_they_are_typed(author: FlaskClient) -> None:
    answer = author.put("/autosave/0123456789abcdef", json={"article": "mine", "fields": {"content": FIVE_MB}})
    assert answer.status_code == 422


def test_a_message_of_five_megabytes_comes_back_in_its_form(client: FlaskClient) -> None:
    answer = client.post("/feedback", **sent(LETTER))
    assert answer.status_code == 422
    assert answer.text.count("5,000 characters at most") == 2
    assert_all_is_kept(answer.text, LETTER)
    assert counts() == [0, 0]


def test_neither_form_has_its_words_cut_by_the_browser(author: FlaskClient) -> None:
    for path in ("/feedback", "/create_article"):
        page = Markup(author.get(path).text)
        (form,) = [form for form in page.all("form", method="post") if form.get("enctype") == MULTIPART]
        assert form
        assert not [box for box in [*page.all("input"), *page.all("textarea")] if "maxlength" in box]


@pytest.mark.parametrize("path", ["/create_article", "/articles/mine/edit", "/feedback"])
def test_more_than_is_read_at_all_is_said_to_be_still_in_the_browser(author: FlaskClient, path: str) -> None:
    answer = author.post(path, **sent({**ARTICLE, "content": "x" * MAX_TEXT_BYTES}))
    assert answer.status_code == 413
    assert STILL_TYPED in answer.text
    assert Markup(answer.text).faults == []


@pytest.mark.parametrize("path", ["/login", "/register", "/desk", "/api/article_likes/1"])
def test_elsewhere_less_is_read(author: FlaskClient, path: str) -> None:
    assert author.post(path, **sent(ARTICLE)).status_code == 413


STALLED = """
from gevent import monkey
monkey.patch_all()
import socket
from werkzeug.test import EnvironBuilder, run_wsgi_app
from application import create_app
from application.controller import bodies
bodies.PATIENCE = 0.2
app = create_app()
for path in ("/feedback", "/login", "/api/article_likes/1"):
    here, there = socket.socketpair()
    with here, there, here.makefile("rb") as stream:
        there.sendall(b"name=")
        request = EnvironBuilder(path, method="POST", content_type="application/x-www-form-urlencoded").get_environ()
        print(run_wsgi_app(app, {**request, "CONTENT_LENGTH": "100", "wsgi.input": stream})[1])
"""


def test_a_body_that_never_comes_is_not_waited_for(settings: Settings) -> None:
    names = ("database_url", "redis_url", "site_url")
    environ = {**os.environ, "ENV": "test", **{name.upper(): getattr(settings, name) for name in names}}
    done = subprocess.run(
        [sys.executable, "-c", STALLED], cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.splitlines() == ["408 REQUEST TIMEOUT"] * 3, done.stderr


def test_what_is_too_much_is_taken_before_the_answer(app: Flask) -> None:
    """A browser whose line is cut while it sends does not show the answer."""
    body = io.BytesIO(b"x" * (2 * MAX_TEXT_BYTES))
    request = EnvironBuilder("/feedback", method="POST", content_type=f"{MULTIPART}; boundary=b").get_environ()
    length = str(len(body.getvalue()))
    _, status, _ = run_wsgi_app(app, {**request, "CONTENT_LENGTH": length, "wsgi.input": body})
    assert status.startswith("413")
    assert body.read() == b""
