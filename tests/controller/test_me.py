"""The personal part, apart from the pages."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from application.data.models import User
from application.data.operations import people
from application.data.records import Actor
from application.extensions import db
from tests.controller.markup import Markup
from tests.controller.people import PASSWORD, make_article, make_user, sign_in

NOBODY = {"name": None, "liked": False, "can_write": False, "can_edit": False}


@pytest.fixture
def statements(app: Flask) -> list[str]:
    seen: list[str] = []

    @event.listens_for(db.engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("PRAGMA", "BEGIN")):
            seen.append(statement)

    return seen


def test_a_stranger_is_nobody(client: FlaskClient, statements: list[str]) -> None:
    answer = client.get("/me?article=1")
    assert answer.json == NOBODY
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Set-Cookie" not in answer.headers


def test_a_reader_is_known_by_one_statement(client: FlaskClient, statements: list[str]) -> None:
    article_id, _ = make_article(make_user("ada", "author"))
    make_user("grace", "reader")
    sign_in(client, "grace")
    client.post(f"/article_like/{article_id}")
    db.session.remove()
    del statements[:]
    answer = client.get(f"/me?article={article_id}")
    assert answer.json == {"name": "grace", "liked": True, "can_write": False, "can_edit": False}
    assert len(statements) == 1, statements


def test_a_writer_may_write_and_edit_what_is_theirs(client: FlaskClient) -> None:
    theirs, _ = make_article(make_user("ada", "author"))
    for name, role, may_edit in (("bea", "author", False), ("cyd", "editor", True), ("dan", "administrator", True)):
        make_user(name, role)
        sign_in(client, name)
        answer = client.get(f"/me?article={theirs}")
        assert answer.json == {"name": name, "liked": False, "can_write": True, "can_edit": may_edit}
        client.post("/logout")
    sign_in(client, "ada")
    assert client.get(f"/me?article={theirs}").json["can_edit"] is True


def test_a_visitor_is_told_what_they_like(client: FlaskClient) -> None:
    article_id, _ = make_article(make_user("ada", "author"))
    client.post(f"/article_like/{article_id}")
    assert client.get(f"/me?article={article_id}").json == {**NOBODY, "liked": True}
    assert client.get("/me?article=999").json == NOBODY

    assert client.get("/me?article=0").json == NOBODY


@pytest.mark.parametrize("article", ["", "x", "-1", "01", "9" * 30, "1.5", "1 OR 1=1", "١"])
def test_what_is_no_article_s_number_is_refused(client: FlaskClient, article: str) -> None:
    assert client.get("/me", query_string={"article": article}).status_code == 400


def test_a_marker_without_a_session_is_taken_back(client: FlaskClient) -> None:
    client.set_cookie("signed_in", "1")
    client.get("/me")
    assert client.get_cookie("signed_in") is None


def test_a_disabled_account_is_nobody(client: FlaskClient) -> None:
    user = db.session.get(User, make_user("grace", "reader"))
    assert user is not None
    sign_in(client, "grace")
    user.active = False
    db.session.commit()
    assert client.get("/me").json == NOBODY


def test_the_account_page_is_private(client: FlaskClient) -> None:
    assert client.get("/account").status_code == 302
    make_user("ada", "author", "editor")
    sign_in(client, "ada")
    page = client.get("/account")
    assert "ada@example.com" in page.text
    assert "author, editor" in page.text
    assert 'action="/logout"' in page.text
    assert page.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    "path", ["/account/x.css", "/account;x.css", "/account%2Fx.css", "/account%00.css", "/Account"]
)
def test_no_other_spelling_of_the_account_page(client: FlaskClient, path: str) -> None:
    make_user("ada", "author")
    sign_in(client, "ada")
    answer = client.get(path)
    assert answer.status_code in {308, 404}
    assert "ada@example.com" not in answer.text
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_doubled_slash_leads_nowhere(client: FlaskClient) -> None:
    make_user("ada", "author")
    sign_in(client, "ada")
    answer = client.get("/", environ_overrides={"PATH_INFO": "//account"})
    assert answer.status_code == 404
    assert "no-store" in answer.headers["Cache-Control"]


def test_public_pages_are_the_same_for_everybody(app: Flask) -> None:
    _, slug = make_article(make_user("ada", "author"))
    reader, stranger = app.test_client(), app.test_client()
    sign_in(reader, "ada")
    for path in ("/", f"/articles/{slug}", "/articles_by/ada", "/about"):
        mine, theirs = reader.get(path), stranger.get(path)
        assert (mine.status_code, mine.data) == (200, theirs.data)
        assert "Set-Cookie" not in mine.headers
        assert "Cookie" not in mine.headers.get("Vary", "")


def test_private_pages_say_the_name_without_a_script(app: Flask, client: FlaskClient) -> None:
    make_article(make_user("ada", "author"))
    people.edit_profile("ada", "Ada <Lovelace>", "", Actor(None, "a test"))
    make_user("grace", "reader")
    for name, shown in (("ada", "Ada &lt;Lovelace&gt;"), ("grace", "grace")):
        browser = app.test_client()
        sign_in(browser, name)
        for path in ("/account", "/account/password", "/verify"):
            page = browser.get(path).text
            assert f'aria-label="Account of {shown}"><span>{shown}</span></a>' in page
            assert Markup(page).faults == []
        assert browser.get("/me").json["name"] in {"Ada <Lovelace>", "grace"}  # type: ignore[index]
        gone = browser.post("/account/delete", data={"password": PASSWORD})
        assert gone.status_code == 200
        assert "<span>Account</span>" in gone.text
        assert shown not in gone.text
    for path in ("/login", "/about", "/"):
        assert "<span>Account</span>" in client.get(path).text
