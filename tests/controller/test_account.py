"""A reader's own page: what they like, their data, their sessions, and the way out."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from application.config import PAGE_SIZE
from application.controller.account_forms import NewPasswordForm
from application.data.models import Article, ArticleLike, AuditEntry, Autosave, Feedback, Profile, Revision, User
from application.data.operations import account_life, likes
from application.data.types import utc_now
from application.extensions import Base, db
from tests.controller.people import PASSWORD, make_article, make_user, sign_in

PRIVATE = ("/account", "/account/data", "/account/delete", "/account/password")


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def token_of(client: FlaskClient, name: str) -> str:
    form = {"email": f"{name}@example.com", "password": PASSWORD}
    answer = client.post("/login?include_auth_token", json=form).json
    assert answer is not None
    return str(answer["response"]["user"]["authentication_token"])


def confirm(user_id: int) -> None:
    user = db.session.get(User, user_id)
    assert user is not None
    user.confirmed_at = utc_now()
    db.session.commit()


def everything() -> str:
    """Return all rows of all tables as one text."""
    db.session.rollback()
    rows = (row for table in Base.metadata.sorted_tables for row in db.session.execute(select(table)))
    return json.dumps([[*map(str, row)] for row in rows])


@pytest.mark.parametrize("path", PRIVATE)
def test_strangers_are_asked_to_sign_in(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.location.startswith("/login?next=")


@pytest.mark.parametrize("path", PRIVATE)
def test_ones_own_pages_are_never_kept(client: FlaskClient, path: str) -> None:
    make_user("grace", "reader")
    sign_in(client, "grace")
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"


# Likes.


def test_ones_likes_are_listed_newest_first_in_pages(client: FlaskClient) -> None:
    ada, grace = make_user("ada", "author"), make_user("grace", "reader")
    made = [make_article(ada, f"Article number {n}") for n in range(PAGE_SIZE + 2)]
    for article_id, _ in made:
        likes.add_like(article_id, user_id=grace)
    draft, _ = make_article(ada, "A hidden one", publish=False)
    db.session.add(ArticleLike(article_id=draft, user_id=grace))
    db.session.commit()
    sign_in(client, "grace")
    first = client.get("/account").text
    assert first.index(f"Article number {PAGE_SIZE + 1}<") < first.index(f"Article number {PAGE_SIZE}<")
    assert f"/articles/{made[-1][1]}" in first
    assert "Article number 1<" not in first
    assert "A hidden one" not in first
    older = first.split('href="/account?before=')[1].split("#")[0]
    second = client.get(f"/account?before={older}").text
    assert "Article number 1<" in second
    assert "Article number 0<" in second
    assert "Older" not in second


def test_nothing_liked_is_said(client: FlaskClient) -> None:
    make_user("grace", "reader")
    sign_in(client, "grace")
    assert "Nothing yet." in client.get("/account").text


@pytest.mark.parametrize("before", ["", "x", "-1", "9" * 40])
def test_a_strange_page_of_likes_is_refused(client: FlaskClient, before: str) -> None:
    make_user("grace", "reader")
    sign_in(client, "grace")
    assert client.get("/account", query_string={"before": before}).status_code == 400


# Data.


def data_of(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/account/data")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="account-')
    assert answer.mimetype == "application/json"
    found: dict[str, Any] = json.loads(answer.data)
    return found


def test_ones_data_can_be_taken_along(client: FlaskClient) -> None:
    ada, bea = make_user("ada", "author"), make_user("bea", "author")
    mine, slug = make_article(ada, "Mine")
    theirs, _ = make_article(bea, "Theirs")
    make_article(ada, "My draft", publish=False)
    likes.add_like(theirs, user_id=ada)
    db.session.add(Autosave(user_id=ada, form_key="new", fields={"title": "Not sent"}))
    db.session.add(Autosave(user_id=bea, form_key="new", fields={"title": "Of another"}))
    db.session.commit()
    sign_in(client, "ada")
    found = data_of(client)
    assert found["account"]["email"] == "ada@example.com"
    assert found["account"]["roles"] == ["author"]
    assert found["author"]["user_name"] == "ada"
    assert [like["article_id"] for like in found["likes"]] == [theirs]
    assert [article["title"] for article in found["articles"]] == ["Mine", "My draft"]
    assert found["articles"][0] | {"slug": slug, "content": "Some *text*.", "article_id": mine} == found["articles"][0]
    assert [unsent["fields"] for unsent in found["unsent_texts"]] == [{"title": "Not sent"}]
    whole = json.dumps(found)
    assert "bea@example.com" not in whole
    assert "Of another" not in whole
    assert "$2b$" not in whole


def test_feedback_is_theirs_whose_address_it_is(client: FlaskClient) -> None:
    grace = make_user("grace", "reader")
    db.session.add(Feedback(name="Grace", email="Grace@example.com", message="Well done"))
    db.session.add(Feedback(name="Bob", email="bob@example.com", message="Badly done"))
    db.session.commit()
    sign_in(client, "grace")
    # Anybody can open an account with an address that is not theirs.
    assert data_of(client)["feedback"] == []
    confirm(grace)
    assert [item["message"] for item in data_of(client)["feedback"]] == ["Well done"]


# Sessions.


def test_sessions_end_everywhere_else(app: Flask) -> None:
    make_user("grace", "reader")
    here, there = app.test_client(), app.test_client()
    sign_in(here, "grace", remember="y")
    sign_in(there, "grace", remember="y")
    program = {"Authentication-Token": token_of(app.test_client(), "grace")}
    assert app.test_client().get("/me", headers=program).json["name"] == "grace"  # type: ignore[index]
    stolen = here.get_cookie("session")
    assert stolen is not None
    answer = here.post("/account/end_sessions")
    assert (answer.status_code, answer.location) == (303, "/account")
    assert "signed out" in here.get("/account").text
    assert not is_signed_in(there)
    there.delete_cookie("session")
    assert not is_signed_in(there)
    assert app.test_client().get("/me", headers=program).json["name"] is None  # type: ignore[index]
    thief = app.test_client()
    thief.set_cookie("session", stolen.value)
    assert not is_signed_in(thief)
    here.delete_cookie("session")
    assert is_signed_in(here)


@pytest.mark.parametrize("proof", ["token", "remembered"])
def test_ending_the_sessions_proves_no_password(app: Flask, proof: str) -> None:
    make_user("edith", "editor")
    visitor = app.test_client()
    headers = {}
    if proof == "token":
        headers = {"Authentication-Token": token_of(app.test_client(), "edith")}
    else:
        sign_in(visitor, "edith", remember="y")
        visitor.delete_cookie("session")
    answer = visitor.post("/account/end_sessions", headers=headers)
    assert answer.status_code == 303
    assert is_signed_in(visitor) is (proof == "remembered")
    asked = visitor.get("/account/second_factor")
    assert asked.status_code == 302
    assert "/verify" in asked.location or "/login" in asked.location


def test_another_password_ends_the_sessions_too(app: Flask) -> None:
    make_user("grace", "reader")
    here, there = app.test_client(), app.test_client()
    sign_in(here, "grace")
    sign_in(there, "grace")
    form = {"password": PASSWORD, "new_password": "another horse battery"}
    answer = here.post("/account/password", data={**form, "new_password_confirm": form["new_password"]})
    assert (answer.status_code, answer.location) == (302, "/account")
    assert is_signed_in(here)
    assert not is_signed_in(there)
    sign_in(there, "grace")
    assert not is_signed_in(there)
    sign_in(there, "grace", form["new_password"])
    assert is_signed_in(there)


@pytest.mark.parametrize(
    "change",
    [
        {"password": "wrong horse battery"},
        {"password": ""},
        {"new_password": "short", "new_password_confirm": "short"},
        {"new_password": "Password1!", "new_password_confirm": "Password1!"},
        {"new_password": "grace-1906", "new_password_confirm": "grace-1906"},
        {"new_password_confirm": "something else entirely"},
        {"new_password": PASSWORD, "new_password_confirm": PASSWORD},
        {"new_password": "x" * 2000, "new_password_confirm": "x" * 2000},
    ],
)
def test_a_password_that_cannot_be_is_said_beside_its_field(client: FlaskClient, change: dict[str, str]) -> None:
    make_user("grace", "reader")
    sign_in(client, "grace")
    form = {"password": PASSWORD, "new_password": "another horse", "new_password_confirm": "another horse"}
    answer = client.post("/account/password", data={**form, **change})
    assert 'class="wrong"' in answer.text
    assert PASSWORD not in answer.text
    client.post("/logout")
    assert sign_in(client, "grace").status_code == 302


# The way out.


def test_a_deleted_person_is_gone_and_their_likes_count(app: Flask, client: FlaskClient) -> None:
    ada, grace = make_user("ada", "author"), make_user("grace-h", "reader")
    confirm(grace)
    made = [make_article(ada, title)[0] for title in ("One", "Two")]
    for article_id in made:
        likes.add_like(article_id, user_id=grace)
    db.session.add(Feedback(name="Grace Hopper", email="Grace-H@example.com", message="Well done", done_by="grace-h"))
    db.session.add(AuditEntry(user_id=grace, user_name="grace-h", deed="x", subject="y", details={}))
    db.session.commit()
    sign_in(client, "grace-h")
    program = {"Authentication-Token": token_of(app.test_client(), "grace-h")}
    assert "visitors" in client.get("/account/delete").text
    answer = client.post("/account/delete", data={"password": PASSWORD})
    assert answer.status_code == 200
    assert "deleted" in answer.text
    assert not is_signed_in(client)
    assert client.get_cookie("signed_in") is None
    assert app.test_client().get("/me", headers=program).json["name"] is None  # type: ignore[index]
    rows = everything()
    assert "grace-h" not in rows.casefold()
    assert "Grace Hopper" not in rows
    for article_id in made:
        likes.recount_likes(article_id)
    assert list(db.session.scalars(select(Article.like_count))) == [1, 1]
    visitors = list(db.session.scalars(select(ArticleLike.visitor_id)))
    assert len({*visitors}) == 2
    entries = db.session.execute(select(AuditEntry.deed, AuditEntry.user_name, AuditEntry.user_id)).all()
    assert ("x", "deleted account", None) in [tuple(entry) for entry in entries]
    assert ("account deleted", "deleted account", None) in [tuple(entry) for entry in entries]
    sign_in(client, "grace-h")
    assert not is_signed_in(client)


def test_what_an_author_published_stays(client: FlaskClient) -> None:
    ada = make_user("ada", "author")
    article_id, slug = make_article(ada, "Hers")
    db.session.add(Revision(article_id=article_id, number=99, user_id=ada, user_name="ada", deed="saved", fields={}))
    db.session.commit()
    sign_in(client, "ada")
    assert "/articles_by/ada" in client.get("/account/delete").text
    client.post("/account/delete", data={"password": PASSWORD})
    assert client.get(f"/articles/{slug}").status_code == 200
    assert "Hers" in client.get("/articles_by/ada").text
    db.session.rollback()
    profile = db.session.scalar(select(Profile))
    assert profile is not None
    assert (profile.user_name, profile.user_id) == ("ada", None)
    last = db.session.scalars(select(Revision).where(Revision.number == 99)).one()
    assert (last.user_name, last.user_id) == ("deleted account", None)
    # The name is an author's still, and nobody else can take it.
    form = {"email": "new@example.com", "username": "ada", "password": PASSWORD, "password_confirm": PASSWORD}
    assert client.post("/register", data=form).status_code == 422


def test_whoever_borrows_an_address_takes_nothing_of_its_owners(client: FlaskClient) -> None:
    db.session.add(Feedback(name="Ada", email="Ada@example.com", message="Well done"))
    db.session.commit()
    make_user("ada", "reader")
    sign_in(client, "ada")
    assert "stay as they are" in client.get("/account/delete").text
    assert client.post("/account/delete", data={"password": PASSWORD}).status_code == 200
    db.session.rollback()
    assert [(row.name, row.email) for row in db.session.scalars(select(Feedback))] == [("Ada", "Ada@example.com")]


@pytest.mark.parametrize("password", ["", "wrong horse battery"])
def test_deleting_needs_the_password(client: FlaskClient, password: str) -> None:
    make_user("grace", "reader")
    sign_in(client, "grace")
    answer = client.post("/account/delete", data={"password": password})
    assert answer.status_code == 422
    assert 'class="wrong"' in answer.text
    assert is_signed_in(client)


def test_the_only_administrator_stays(client: FlaskClient) -> None:
    make_user("dan", "administrator")
    sign_in(client, "dan")
    answer = client.post("/account/delete", data={"password": PASSWORD})
    assert answer.status_code == 422
    assert "only administrator" in answer.text
    make_user("eve", "administrator")
    assert client.post("/account/delete", data={"password": PASSWORD}).status_code == 200
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(User)) == 1


def test_an_account_deleted_meanwhile_is_said_so(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    grace = make_user("grace", "reader")
    sign_in(client, "grace")
    first = account_life.end_sessions

    def too_late(user_id: int) -> None:
        account_life.delete_account(grace)
        first(user_id)

    monkeypatch.setattr(account_life, "end_sessions", too_late)
    answer = client.post("/account/end_sessions")
    assert answer.status_code == 409
    assert "deleted meanwhile" in answer.text
    assert not is_signed_in(client)


def test_an_account_deleted_while_its_password_is_changed(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user("grace", "reader")
    sign_in(client, "grace")
    compared = NewPasswordForm.validate

    def too_late(form: NewPasswordForm, **_: object) -> bool:
        with db.engine.connect() as connection:
            connection.execute(text("DELETE FROM users"))
            connection.commit()
        return compared(form)

    monkeypatch.setattr(NewPasswordForm, "validate", too_late)
    form = {"password": PASSWORD, "new_password": "another horse", "new_password_confirm": "another horse"}
    answer = client.post("/account/password", data=form)
    assert answer.status_code == 409
    assert "deleted meanwhile" in answer.text
    assert not is_signed_in(client)


@pytest.mark.parametrize("path", ["/account/end_sessions", "/account/delete"])
def test_another_site_can_do_nothing_here(client: FlaskClient, path: str) -> None:
    make_user("grace", "reader")
    sign_in(client, "grace")
    answer = client.post(path, data={"password": PASSWORD}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert is_signed_in(client)
    assert client.get("/account/end_sessions").status_code == 405
