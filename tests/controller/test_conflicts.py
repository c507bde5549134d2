"""A page that is behind does nothing that its reader did not see: it shows what is stored now, and asks."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from application.extensions import db
from tests.articles import editing, save
from tests.controller.markup import Markup
from tests.controller.people import make_user, sign_in
from tests.controller.test_writing import FORM, buttons_of, edit_form, tomorrow, value_of, version_of

EDIT = "/articles/a-new-thing/edit"


@pytest.fixture
def author(app: Flask, client: FlaskClient) -> FlaskClient:
    make_user("ada", "author")
    sign_in(client, "ada")
    client.post("/create_article", data=FORM)
    # The test's own view of the database is from before.
    db.session.rollback()
    return client


@pytest.mark.parametrize(("deed", "after"), [("bin", "binned"), ("unpublish", "unpublished")])
def test_a_page_that_is_behind_takes_nothing_away_unasked(author: FlaskClient, deed: str, after: str) -> None:
    key = value_of(author.get(EDIT).text, "form_key")
    form = edit_form(author, "a-new-thing", do=deed, form_key=key)
    save("a-new-thing", content="Saved a moment ago.")
    conflict = author.post(EDIT, data=form)
    assert conflict.status_code == 409
    assert "This article has changed since you opened it" in conflict.text
    assert "Saved a moment ago." in conflict.text
    assert Markup(conflict.text).faults == []
    assert editing("a-new-thing").status == "published"
    assert author.get("/articles/a-new-thing").status_code == 200
    assert {deed, "theirs"} <= buttons_of(conflict.text)
    again = author.post(EDIT, data={**form, "version": version_of(conflict.text)})
    assert again.status_code == 303
    assert author.get("/articles/a-new-thing").status_code == 404
    assert after.capitalize().replace("Binned", "In the bin") in author.get(EDIT).text


def test_a_page_that_is_behind_leaves_what_is_scheduled(author: FlaskClient) -> None:
    author.post(EDIT, data=edit_form(author, "a-new-thing", do="schedule", date=tomorrow(), time="09:30", title="New"))
    form = edit_form(author, "a-new-thing", do="unschedule")
    save("a-new-thing", content="Saved a moment ago.")
    conflict = author.post(EDIT, data=form)
    assert conflict.status_code == 409
    assert editing("a-new-thing").scheduled_for is not None
    assert author.post(EDIT, data={**form, "version": version_of(conflict.text)}).status_code == 303
    assert editing("a-new-thing").scheduled_for is None


WRITTEN = {"title": "Once", "content": "Words that are sent twice."}


@pytest.mark.parametrize("deed", ["save", "publish"])
def test_a_form_that_is_sent_twice_makes_one_article(author: FlaskClient, deed: str) -> None:
    key = value_of(author.get("/create_article").text, "form_key")
    answers = [author.post("/create_article", data={**WRITTEN, "form_key": key, "do": deed}) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {303}
    assert {answer.location for answer in answers} == {"/articles/once" + ("/edit" if deed == "save" else "")}
    assert author.get("/articles/once-2/edit").status_code == 404


def test_a_form_that_says_something_else_by_now_is_shown_beside_its_article(author: FlaskClient) -> None:
    form = {**WRITTEN, "form_key": "abc123"}
    author.post("/create_article", data=form)
    again = author.post("/create_article", data={**form, "content": "Words that came later."})
    assert again.status_code == 409
    assert "You have saved this form before" in again.text
    assert "Words that came later." in again.text
    assert Markup(again.text).faults == []
    assert {"save", "copy", "theirs"} <= buttons_of(again.text)
    typed = {name: value_of(again.text, name) for name in ("title", "slug", "authors", "version", "article_id")}
    typed = {**typed, "content": "Words that came later.", "form_key": "abc123"}
    for _ in range(2):
        answer = author.post("/create_article", data={**typed, "do": "copy"})
        assert (answer.status_code, answer.location) == (303, "/articles/once-2/edit")
    assert author.post("/articles/once/edit", data={**typed, "do": "save"}).status_code == 303
    assert "Words that came later." in author.get("/articles/once/edit").text


def test_a_form_whose_article_is_in_the_bin_makes_another(author: FlaskClient) -> None:
    form = {**WRITTEN, "form_key": "abc123"}
    author.post("/create_article", data=form)
    author.post("/articles/once/edit", data=edit_form(author, "once", do="bin"))
    assert author.post("/create_article", data=form).location == "/articles/once-2/edit"
    assert author.post("/create_article", data=form).location == "/articles/once-2/edit"


def test_the_form_of_somebody_else_is_another_one(app: Flask, author: FlaskClient) -> None:
    other = app.test_client()
    make_user("grace", "author")
    sign_in(other, "grace")
    form = {**WRITTEN, "form_key": "abc123"}
    locations = [client.post("/create_article", data=form).location for client in (author, other)]
    assert locations == ["/articles/once/edit", "/articles/once-2/edit"]


@pytest.mark.parametrize("deed", ["bin", "unpublish", "discard"])
def test_a_form_without_its_version_takes_nothing_away(author: FlaskClient, deed: str) -> None:
    answer = author.post(EDIT, data=edit_form(author, "a-new-thing", do=deed, version="", content="Typed."))
    assert answer.status_code == 422
    assert "Typed." in answer.text
    assert editing("a-new-thing").status == "published"
