"""`/me` without Flask: the same answers as its view gives, and only where nothing else has a say."""

from collections.abc import Iterator

import pytest
from flask import Flask, request, request_started
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from application.data.models import User
from application.extensions import db
from tests.controller.people import make_article, make_user, sign_in

BY_THE_VIEW = {"Authorization": "of nobody"}
OF_THIS_ANSWER = {"X-Request-Id", "Server-Timing", "X-Cache"}


@pytest.fixture
def entered(app: Flask) -> Iterator[list[str]]:
    """Yield the addresses for which Flask was entered."""
    seen: list[str] = []

    def note(_sender: object, **_more: object) -> None:
        seen.append(request.full_path)

    with request_started.connected_to(note, app):
        yield seen


def told(answer: TestResponse) -> tuple[int, bytes, list[tuple[str, str]]]:
    headers = [(name, value) for name, value in answer.headers if name not in OF_THIS_ANSWER]
    return answer.status_code, answer.data, sorted(headers)


@pytest.mark.parametrize("reader", ["stranger", "visitor", "grace", "ada", "ended", "closed"])
def test_it_answers_as_the_view_does(app: Flask, client: FlaskClient, entered: list[str], reader: str) -> None:
    ada = make_user("ada", "author")
    article_id, _ = make_article(ada)
    if reader == "visitor":
        client.post(f"/article_like/{article_id}")
    elif reader != "stranger":
        if reader != "ada":
            make_user(reader, "reader")
        sign_in(client, reader)
        client.post(f"/article_like/{article_id}")
        client.delete_cookie("signed_in")
    if reader == "ended":
        session = client.get_cookie("session")
        client.post("/logout")
        assert session is not None
        client.set_cookie("session", session.value)
    if reader == "closed":
        user = db.session.scalar(db.select(User).where(User.username == reader))
        assert user is not None
        user.active = False
        db.session.commit()
    for path in ("/me", f"/me?article={article_id}", "/me?article=0", f"/me?article={10**8}"):
        del entered[:]
        mine = client.get(path)
        assert entered == []
        view = client.get(path, headers=BY_THE_VIEW)
        assert len(entered) == 1
        assert told(mine) == told(view)


@pytest.mark.parametrize(
    "path", ["/me?article=x", "/me?article=01", "/me?article=", "/me?other=1", "/me?article=1&article=2", "/me/"]
)
def test_what_is_not_plain_is_the_view_s(client: FlaskClient, entered: list[str], path: str) -> None:
    client.get(path)
    assert len(entered) == 1


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS", "DELETE"])
def test_another_method_is_the_view_s(client: FlaskClient, entered: list[str], method: str) -> None:
    client.open("/me", method=method)
    assert len(entered) == 1


def test_another_host_is_refused(client: FlaskClient) -> None:
    assert client.get("/me", headers={"Host": "elsewhere.example"}).status_code == 400


@pytest.mark.parametrize("session", ["", "made up", "eyJfdXNlcl9pZCI6IngifQ.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb", "ä"])
def test_a_session_that_the_site_did_not_sign_is_nobody_s(client: FlaskClient, session: str) -> None:
    answer = client.get("/me", headers={"Cookie": f"session={session}"})
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["name"] is None


def test_who_is_remembered_is_the_view_s(client: FlaskClient, entered: list[str]) -> None:
    make_user("grace", "reader")
    sign_in(client, "grace")
    client.set_cookie("remember_token", "anything")
    del entered[:]
    assert client.get("/me").json == {"name": "grace", "liked": False, "can_write": False, "can_edit": False}
    assert len(entered) == 1


def test_a_database_that_fails_is_told_by_the_view(app: Flask, client: FlaskClient, entered: list[str]) -> None:
    article_id, _ = make_article(make_user("ada", "author"))
    client.post(f"/article_like/{article_id}")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    db.session.remove()
    rename = "ALTER TABLE {} RENAME TO {}"
    with db.engine.begin() as connection:
        connection.execute(db.text(rename.format("article_likes", "gone")))
    try:
        del entered[:]
        answer = client.get(f"/me?article={article_id}")
    finally:
        db.session.remove()
        with db.engine.begin() as connection:
            connection.execute(db.text(rename.format("gone", "article_likes")))
    assert answer.status_code == 500
    assert len(entered) == 1
    assert "Something broke" in answer.text
    assert "Content-Security-Policy" in answer.headers
    assert "no-store" in answer.headers["Cache-Control"]


def test_it_is_measured_as_its_route(client: FlaskClient) -> None:
    answer = client.get("/me")
    assert answer.headers["X-Cache"] == "bypass view"
    assert answer.headers["X-Request-Id"]
    assert '0 statements"' in answer.headers["Server-Timing"]
