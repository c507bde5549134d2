"""The audit log, for administrators alone."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from application.data.operations.audit import record
from application.data.records import Actor
from application.extensions import db
from tests.controller.markup import Markup
from tests.controller.people import make_user, sign_in

ADA = Actor(None, "ada")


@pytest.fixture
def administrator(app: Flask, client: FlaskClient) -> FlaskClient:
    make_user("root", "administrator")
    sign_in(client, "root")
    return client


def test_it_is_for_administrators(client: FlaskClient) -> None:
    assert "/login" in client.get("/desk/log").location
    make_user("ada", "editor")
    sign_in(client, "ada")
    assert client.get("/desk/log").status_code == 403


def test_it_says_who_did_what(administrator: FlaskClient) -> None:
    record("published", "article 12: A <b>title</b>", ADA, at="now", tags=["a", "b"], version=3)
    page = administrator.get("/desk/log")
    assert page.headers["Cache-Control"] == "private, no-store"
    assert Markup(page.text).faults == []
    for words in ("ada", "published", "article 12: A &lt;b&gt;title&lt;/b&gt;", "at: now", "version: 3", '"b"'):
        assert words in page.text, words


def test_before_anything_was_done_it_says_so(administrator: FlaskClient) -> None:
    db.session.execute(db.text("DELETE FROM audit_log"))
    db.session.commit()
    assert "Nothing has been done yet" in administrator.get("/desk/log").text


def test_it_comes_in_pages(administrator: FlaskClient) -> None:
    for number in range(120):
        record("tried", f"thing {number};", ADA)
    path, seen = "/desk/log", ""
    for _ in range(3):
        page = administrator.get(path)
        seen += page.text
        following = Markup(page.text).all("a", rel="next")
        path = following[0]["href"] if following else ""
    assert path == ""
    assert all(seen.count(f"thing {number};") == 1 for number in range(120))
    assert administrator.get("/desk/log?before=x").status_code == 400


def test_it_takes_three_statements(administrator: FlaskClient) -> None:
    record("tried", "thing", ADA)
    administrator.get("/desk/log")
    seen: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda _c, _cu, text, *_rest: seen.append(text))
    administrator.get("/desk/log")
    assert len(seen) <= 3, seen
