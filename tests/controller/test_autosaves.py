"""Words that are typed and not sent yet: kept for one person, offered again, thrown away when they say so."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.controller.markup import Markup
from tests.controller.people import make_article, make_user, sign_in
from tests.controller.test_writing import edit_form

WORDS = {"title": "Half a title", "content": "Half a text", "slug": "", "version": "1"}


@pytest.fixture
def author(app: Flask, client: FlaskClient) -> FlaskClient:
    make_user("ada", "author")
    sign_in(client, "ada")
    return client


def keep(client: FlaskClient, key: str = "abc123", article: str | None = None, **words: str) -> int:
    return client.put(f"/autosave/{key}", json={"article": article, "fields": {**WORDS, **words}}).status_code


def test_words_are_kept_and_offered_when_the_form_is_opened_again(author: FlaskClient) -> None:
    answer = author.put("/autosave/abc123", json={"article": None, "fields": WORDS})
    assert answer.status_code == 200
    assert len(answer.json["saved_at"]) == 5
    page = author.get("/create_article")
    assert "Words that were not saved" in page.text
    assert "?kept=abc123" in page.text
    assert Markup(page.text).faults == []
    taken_up = author.get("/create_article?kept=abc123").text
    assert "Half a text" in taken_up
    assert "Words that were not saved" not in taken_up


def test_words_that_are_saved_are_offered_no_more(author: FlaskClient) -> None:
    keep(author)
    author.post("/create_article", data={"title": "Whole", "content": "Whole", "form_key": "abc123"})
    assert "Words that were not saved" not in author.get("/create_article").text


def test_words_can_be_thrown_away(author: FlaskClient) -> None:
    keep(author)
    assert author.post("/autosave/abc123/discard", data={"article": ""}).location == "/create_article"
    assert "Words that were not saved" not in author.get("/create_article").text


def test_words_of_an_article_are_offered_with_it_alone(app: Flask, author: FlaskClient) -> None:
    _, slug = make_article(make_user("grace", "author"))
    editor = app.test_client()
    make_user("alan", "editor")
    sign_in(editor, "alan")
    assert keep(editor, article=slug) == 200
    assert "Words that were not saved" in editor.get(f"/articles/{slug}/edit").text
    assert "Words that were not saved" not in editor.get("/create_article").text
    assert "Half a text" not in editor.get("/create_article?kept=abc123").text


def test_nobody_sees_the_words_of_others(app: Flask, author: FlaskClient) -> None:
    keep(author)
    other = app.test_client()
    make_user("grace", "administrator")
    sign_in(other, "grace")
    assert "Half a" not in other.get("/create_article").text
    assert "Half a" not in other.get("/create_article?kept=abc123").text


def test_words_the_same_as_what_is_stored_are_not_offered(author: FlaskClient) -> None:
    author.post("/create_article", data={"title": "Whole", "content": "Whole", "tags": "apple, zebra"})
    page = author.get("/articles/whole/edit").text
    names = ("title", "standfirst", "content", "tags", "authors", "slug", "canonical_url", "language", "version")
    words = {**{name: Markup(page).value(name) for name in names}, "direction": "auto"}
    for same in (words, {**words, "tags": "zebra , apple, Zebra", "authors": "@Ada", "title": " Whole"}):
        assert author.put("/autosave/abc123", json={"article": "whole", "fields": same}).status_code == 200
        assert "Words that were not saved" not in author.get("/articles/whole/edit").text
    author.put("/autosave/abc123", json={"article": "whole", "fields": {**words, "tags": "zebra"}})
    assert "Words that were not saved" in author.get("/articles/whole/edit").text


@pytest.mark.parametrize(
    "body",
    [
        [],
        "x",
        {},
        {"fields": []},
        {"article": 5, "fields": {}},
        {"article_id": 5, "fields": {}},
        {"article": None, "fields": {"title": "x" * 20_000}},
        {"article": None, "fields": {"content": "x" * 1_000_001}},
    ],
)
def test_what_is_no_form_is_refused(author: FlaskClient, body: object) -> None:
    assert author.put("/autosave/abc123", json=body).status_code == 422


def test_only_known_text_is_kept(author: FlaskClient) -> None:
    assert keep(author, csrf="1", user_id="7") == 200
    assert author.put("/autosave/abc123", json={"fields": {"title": 5, "content": "kept"}}).status_code == 200


@pytest.mark.parametrize("key", ["x" * 41, "UPPER", "a b", "ä"])
def test_a_key_is_short_and_plain(author: FlaskClient, key: str) -> None:
    assert keep(author, key) == 404


def test_who_may(app: Flask, client: FlaskClient) -> None:
    assert keep(client) == 401
    reader = app.test_client()
    make_user("lin", "reader")
    sign_in(reader, "lin")
    assert keep(reader) == 403


def test_words_outlive_the_article_they_were_typed_into(app: Flask, author: FlaskClient) -> None:
    author.post("/create_article", data={"title": "Moves", "content": "Whole", "do": "publish"})
    page = author.get("/articles/moves/edit").text
    article_id = next(found["value"] for found in Markup(page).all("input", name="article_id"))
    form = edit_form(author, "moves", do="publish", slug="elsewhere")
    assert author.post("/articles/moves/edit", data=form).status_code == 303
    for place in ({"article": "moves"}, {"article": "moves", "article_id": article_id}):
        answer = author.put("/autosave/abc123", json={**place, "fields": WORDS})
        assert (answer.status_code, answer.json["is_apart"]) == (200, False)
        assert "?kept=abc123" in author.get("/articles/elsewhere/edit").text
        author.post("/autosave/abc123/discard")


@pytest.mark.parametrize("place", ["nowhere", "", "x" * 300, "a-title"])
def test_words_without_their_article_are_words_of_a_new_one(author: FlaskClient, place: str) -> None:
    article_id, slug = make_article(make_user("grace", "author"))
    asked = {"article": place, "article_id": str(article_id if place == slug else 999)}
    answer = author.put("/autosave/abc123", json={**asked, "fields": WORDS})
    assert (answer.status_code, answer.json["is_apart"]) == (200, True)
    assert "Half a text" in author.get("/create_article?kept=abc123").text
    grace = author.application.test_client()
    sign_in(grace, "grace")
    assert "Half a" not in grace.get(f"/articles/{slug}/edit").text


def test_nothing_but_json(author: FlaskClient) -> None:
    assert author.put("/autosave/abc123", data={"title": "x"}).status_code == 415
    assert author.get("/autosave/abc123").status_code == 405
