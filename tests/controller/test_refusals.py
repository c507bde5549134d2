"""What was typed comes back whole, whatever became of the article or of the account meanwhile."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from werkzeug.test import TestResponse

from application.data.data_access import get_editing
from application.data.models import Article, Role, User
from application.data.operations import articles
from application.data.operations import bin as the_bin
from application.extensions import db
from tests.articles import TESTER, edit, save
from tests.controller.markup import Markup
from tests.controller.people import make_article, make_user, sign_in
from tests.controller.test_writing import DRAFT, FORM, buttons_of, edit_form, signed_in, value_of, version_of

EDIT = "/articles/a-title/edit"
TYPED = {"title": "Typed for an hour", "content": "Words that *nobody* has twice."}


@pytest.fixture
def author(app: Flask, client: FlaskClient) -> FlaskClient:
    """Grace, who has an article together with Ada."""
    grace = make_user("grace", "author")
    make_article(make_user("ada", "author"), "Another")
    make_article(grace)
    edit("a-title", authors=("grace", "ada"))
    sign_in(client, "grace")
    return client


def typed(client: FlaskClient, **more: str) -> dict[str, str]:
    """Fill the form of the article, before something becomes of it."""
    page = client.get(EDIT)
    return edit_form(client, "a-title", do="save", form_key=value_of(page.text, "form_key"), **{**TYPED, **more})


def comes_back(answer: TestResponse, status: int) -> str:
    """Look whether all that was typed stands in the form again; return the page."""
    assert answer.status_code == status
    assert Markup(answer.text).faults == []
    assert value_of(answer.text, "title") == TYPED["title"] or TYPED["title"] in answer.text
    assert TYPED["content"] in answer.text
    assert answer.headers["Cache-Control"] == "private, no-store"
    return answer.text


def newest(slug: str) -> str:
    db.session.rollback()
    found = get_editing(slug)
    assert found is not None
    return found.written.content


def is_saved_as_ones_own(client: FlaskClient, form: dict[str, str]) -> None:
    """Press the button that the page offers: a draft by this writer alone, at an address of its own."""
    answer = client.post("/create_article", data={**form, "do": "copy"})
    assert (answer.status_code, answer.location) == (303, "/articles/typed-for-an-hour/edit")
    page = client.get(answer.location).text
    assert TYPED["content"] in page
    assert value_of(page, "authors") == "grace"


@pytest.mark.parametrize("is_known", [True, False], ids=["by-id", "by-old-address"])
def test_an_article_that_was_moved(author: FlaskClient, is_known: bool) -> None:
    form = typed(author)
    if not is_known:
        del form["article_id"]
    edit("a-title", slug="elsewhere")
    page = comes_back(author.post(EDIT, data=form), 409)
    assert "Somebody else saved this article" in page
    again = {**form, "slug": "elsewhere", "version": version_of(page)}
    answer = author.post(EDIT, data=again)
    assert (answer.status_code, answer.location) == (303, "/articles/elsewhere/edit")
    assert newest("elsewhere") == TYPED["content"]


def test_a_draft_that_was_moved_leaves_no_address_and_is_found_by_its_form(author: FlaskClient) -> None:
    author.post("/create_article", data=DRAFT)
    form = {**edit_form(author, "a-new-thing", do="save"), **TYPED}
    save("a-new-thing", slug="elsewhere")
    page = comes_back(author.post("/articles/a-new-thing/edit", data=form), 409)
    assert value_of(page, "slug") == "a-new-thing"


def test_an_article_in_the_bin(author: FlaskClient) -> None:
    form = typed(author)
    the_bin.bin_article("a-title", TESTER)
    page = comes_back(author.post(EDIT, data=form), 409)
    assert "in the bin" in page or "to the bin" in page
    assert buttons_of(page) >= {"copy", "take-back"}
    comes_back(author.post(EDIT, data={**form, "do": "publish"}), 409)
    comes_back(author.post(EDIT, data={**form, "do": "preview"}), 409)
    is_saved_as_ones_own(author, form)


def test_words_wait_for_the_article_that_is_taken_out_of_the_bin(author: FlaskClient) -> None:
    form = typed(author)
    the_bin.bin_article("a-title", TESTER)
    assert author.post(EDIT, data={**form, "do": "take-back"}).location == EDIT
    assert "Words that were not saved" in author.get(EDIT).text
    assert TYPED["content"] in author.get(f"{EDIT}?kept={form['form_key']}").text


def test_an_article_that_is_binned_between_the_look_and_the_save(
    author: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = typed(author)
    saving = articles.save_article

    def bin_first(*args: Any, **more: Any) -> object:
        monkeypatch.setattr(articles, "save_article", saving)
        the_bin.bin_article("a-title", TESTER)
        return saving(*args, **more)

    monkeypatch.setattr(articles, "save_article", bin_first)
    assert "take-back" in buttons_of(comes_back(author.post(EDIT, data=form), 409))


def test_an_article_that_is_gone_for_good(author: FlaskClient) -> None:
    form = typed(author)
    db.session.execute(delete(Article).where(Article.slug == "a-title"))
    db.session.commit()
    page = comes_back(author.post(EDIT, data=form), 404)
    assert "take-back" not in buttons_of(page)
    is_saved_as_ones_own(author, form)


def test_a_co_author_who_was_taken_out_of_the_by_line(author: FlaskClient) -> None:
    form = typed(author)
    edit("a-title", authors=("ada",), content="Of Ada alone.")
    page = comes_back(author.post(EDIT, data=form), 403)
    assert "You are signed in as “grace”" in page
    assert "Of Ada alone." not in page
    is_saved_as_ones_own(author, form)


def test_a_writer_whose_role_was_taken(author: FlaskClient) -> None:
    form = typed(author)
    grace = db.session.scalars(select(User).where(User.username == "grace")).one()
    grace.roles = []
    db.session.commit()
    for path in (EDIT, "/create_article"):
        assert "role of an author" in comes_back(author.post(path, data=form), 403)
    grace.roles = list(db.session.scalars(select(Role).where(Role.name == "author")))
    db.session.commit()
    assert author.post(EDIT, data=form).status_code == 303
    assert newest("a-title") == TYPED["content"]


@pytest.mark.parametrize("role", ["reader", "author"])
def test_a_tab_that_was_signed_in_as_somebody_else(app: Flask, author: FlaskClient, role: str) -> None:
    form = typed(author)
    make_user("lin", role)
    author.post("/logout")
    sign_in(author, "lin")
    page = comes_back(author.post(EDIT, data=form), 403)
    assert "You are signed in as “lin”" in page
    assert ("copy" in buttons_of(page)) == (role == "author")
    author.post("/logout")
    sign_in(author, "grace")
    assert author.post(EDIT, data=form).status_code == 303


def test_a_form_does_not_open_the_article_whose_number_it_names(app: Flask, author: FlaskClient) -> None:
    other, _ = make_article(make_user("lin", "author"), "Of Lin")
    form = {**typed(author), "article_id": str(other)}
    comes_back(author.post(EDIT, data=form), 403)
    assert newest("of-lin") == "Some *text*."


def test_the_staffs_addresses_of_a_moved_article_lead_on(app: Flask, author: FlaskClient) -> None:
    edit("a-title", slug="elsewhere")
    editor = signed_in(app, "alan", "editor")
    other = signed_in(app, "lin", "author")
    paths = ("edit", "revisions", "revisions/1", "revisions/difference?from=1&to=2")
    for path in paths:
        for client in (author, editor):
            moved = client.get(f"/articles/a-title/{path}")
            assert (moved.status_code, moved.location) == (302, f"/articles/elsewhere/{path}")
            assert client.get(moved.location).status_code == 200
        assert other.get(f"/articles/a-title/{path}").status_code == 403
        assert app.test_client().get(f"/articles/a-title/{path}").location.startswith("/login")
    restored = author.post("/articles/a-title/revisions/1/restore")
    assert restored.location == "/articles/elsewhere/edit"


def test_an_address_that_led_nowhere_leads_nowhere(author: FlaskClient) -> None:
    for path in ("edit", "revisions", "revisions/1"):
        assert author.get(f"/articles/nowhere/{path}").status_code == 404
    assert author.post("/articles/nowhere/edit", data={**FORM, **TYPED, "version": "1"}).status_code == 404
