"""Words that are sent when a session is over wait for whoever signs in with the same browser."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from application.config import Settings
from application.controller.cookies import KEPT_WORDS
from application.data.models import StrayWords
from application.extensions import db
from tests.articles import edit
from tests.controller.markup import Markup
from tests.controller.people import make_article, make_user, sign_in
from tests.controller.test_writing import FORM, edit_form, value_of
from tests.locks import locked

WORDS = {**FORM, "content": "Words of a whole night."}
OFFER = "Words that were not saved"


@pytest.fixture
def visitor(app: Flask, client: FlaskClient) -> FlaskClient:
    """The browser of Ada, an author, whose session is over."""
    make_article(make_user("ada", "author"))
    return client


def strays() -> list[StrayWords]:
    db.session.rollback()
    return list(db.session.scalars(select(StrayWords)))


def test_they_are_offered_after_signing_in(visitor: FlaskClient) -> None:
    sent = visitor.post("/create_article", data=WORDS)
    assert sent.status_code == 403
    assert "kept for a day" in sent.text
    assert Markup(sent.text).faults == []
    cookie = next(line for line in sent.headers.getlist("Set-Cookie") if line.startswith(f"{KEPT_WORDS}="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Max-Age=86400" in cookie
    sign_in(visitor, "ada")
    page = visitor.get("/create_article").text
    assert OFFER in page
    key = value_of(sent.text, "form_key")
    assert f"?kept={key}" in page
    assert WORDS["content"] in visitor.get(f"/create_article?kept={key}").text
    # They are the account's own now, and saved as any others.
    assert visitor.get_cookie(KEPT_WORDS) is None
    assert strays() == []
    assert visitor.post("/create_article", data={**WORDS, "form_key": key}).status_code == 303
    assert OFFER not in visitor.get("/create_article").text


def test_the_page_leads_to_signing_in_and_back(visitor: FlaskClient) -> None:
    page = visitor.post("/create_article", data=WORDS).text
    account = next(found for found in Markup(page).all("a", id="account"))
    assert account["href"] == "/login?next=/create_article"
    assert "<span>Sign in</span>" in page
    signed_in = visitor.post(account["href"], data={"email": "ada@example.com", "password": "correct horse battery"})
    assert signed_in.location == "/create_article"


def test_words_of_an_article_are_offered_in_its_form(visitor: FlaskClient) -> None:
    sign_in(visitor, "ada")
    form = edit_form(visitor, "a-title", content="Newer words.", form_key="abc123")
    visitor.post("/logout")
    edit("a-title", slug="elsewhere")
    page = visitor.post("/articles/a-title/edit", data=form)
    assert page.status_code == 403
    assert "Newer words." in page.text
    sign_in(visitor, "ada")
    assert "in the form of its article" in visitor.get("/desk").text
    assert OFFER in visitor.get("/articles/elsewhere/edit").text
    assert "Newer words." in visitor.get("/articles/elsewhere/edit?kept=abc123").text


def test_words_of_an_article_that_is_not_theirs_are_words_of_a_new_one(app: Flask, visitor: FlaskClient) -> None:
    visitor.post("/articles/a-title/edit", data={**WORDS, "article_id": "1"})
    make_user("grace", "author")
    sign_in(visitor, "grace")
    assert OFFER in visitor.get("/create_article").text


def test_they_wait_for_a_writer(visitor: FlaskClient) -> None:
    visitor.post("/create_article", data=WORDS)
    make_user("lin", "reader")
    sign_in(visitor, "lin")
    assert visitor.get("/create_article").status_code == 403
    assert len(strays()) == 1
    visitor.post("/logout")
    sign_in(visitor, "ada")
    assert OFFER in visitor.get("/create_article").text


def test_nobody_else_gets_them(app: Flask, visitor: FlaskClient) -> None:
    visitor.post("/create_article", data=WORDS)
    other = app.test_client()
    forged = strays()[0].holder
    other.set_cookie(KEPT_WORDS, forged)
    make_user("grace", "administrator")
    sign_in(other, "grace")
    assert OFFER not in other.get("/create_article").text
    assert len(strays()) == 1


def test_what_is_saved_in_another_tab_is_not_offered_again(app: Flask, visitor: FlaskClient) -> None:
    key = value_of(visitor.post("/create_article", data=WORDS).text, "form_key")
    sign_in(visitor, "ada")
    assert visitor.post("/create_article", data={**WORDS, "form_key": key}).status_code == 303
    assert strays() == []
    assert OFFER not in visitor.get("/create_article").text


def test_one_address_keeps_only_so_many(visitor: FlaskClient) -> None:
    for _ in range(20):
        visitor.post("/create_article", data=WORDS)
    page = visitor.post("/create_article", data=WORDS)
    assert page.status_code == 403
    assert WORDS["content"] in page.text
    assert "in this page alone" in page.text
    assert len(strays()) == 10


@pytest.mark.parametrize("form", [{"title": " "}, {"tags": "a"}])
def test_nothing_is_not_kept(visitor: FlaskClient, form: dict[str, str]) -> None:
    assert visitor.post("/create_article", data=form).status_code == 403
    assert strays() == []


def test_a_busy_database_keeps_them_in_the_page(visitor: FlaskClient, settings: Settings) -> None:
    with locked(settings.database_url, "stray_words"):
        page = visitor.post("/create_article", data=WORDS)
    assert page.status_code == 403
    assert WORDS["content"] in page.text
    assert "in this page alone" in page.text


def test_a_database_that_is_busy_after_signing_in_is_asked_again(visitor: FlaskClient, settings: Settings) -> None:
    visitor.post("/create_article", data=WORDS)
    sign_in(visitor, "ada")
    with locked(settings.database_url, "autosaves"):
        assert visitor.get("/create_article").status_code == 200
    assert len(strays()) == 1
    assert OFFER in visitor.get("/create_article").text
