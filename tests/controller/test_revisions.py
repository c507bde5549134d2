"""The history of an article: every save, what it changed, and the way back."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.controller.markup import Markup
from tests.controller.people import make_user, sign_in
from tests.controller.test_writing import edit_form, signed_in

EDIT = "/articles/a-thing/edit"
HISTORY = "/articles/a-thing/revisions"


@pytest.fixture
def author(app: Flask, client: FlaskClient) -> FlaskClient:
    """An author with an article that was saved three times."""
    make_user("ada", "author")
    sign_in(client, "ada")
    client.post("/create_article", data={"title": "A thing", "content": "The quick fox.\n\nStays."})
    client.post(EDIT, data=form(client, content="The slow fox.\n\nStays."))
    client.post(EDIT, data=form(client, content="The slow fox.\n\nStays.", title="Another thing"))
    return client


def form(client: FlaskClient, **changes: str) -> dict[str, str]:
    return edit_form(client, "a-thing", **{"do": "save", "standfirst": "", "tags": "", "title": "A thing", **changes})


def test_every_save_is_listed_with_who_and_what(author: FlaskClient) -> None:
    page = author.get(HISTORY)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "private, no-store"
    assert Markup(page.text).faults == []
    assert [found["value"] for found in Markup(page.text).all("input", name="from")] == ["3", "2", "1"]
    assert "First draft" in page.text
    assert "ada" in page.text


def test_two_saves_are_compared_by_words_the_older_first(author: FlaskClient) -> None:
    for query in ("from=1&to=3", "from=3&to=1"):
        page = author.get(f"{HISTORY}/difference?{query}")
        assert page.status_code == 200
        assert "quick</del><ins>slow</ins>" in page.text
        assert "Title" in page.text
        assert Markup(page.text).faults == []
    assert "The two are the same." in author.get(f"{HISTORY}/difference?from=2&to=2").text


def test_tags_in_another_order_are_no_change(author: FlaskClient) -> None:
    author.post(EDIT, data=form(author, tags="zebra, apple, Rust"))
    author.post(EDIT, data=form(author, tags="zebra, apple, Rust", do="publish"))
    newest = author.get(HISTORY).text
    last = max(int(found["value"]) for found in Markup(newest).all("input", name="from"))
    page = author.get(f"{HISTORY}/difference?from={last - 1}&to={last}").text
    assert "The two are the same." in page
    author.post(EDIT, data=form(author, tags="rust, yak, apple"))
    page = author.get(f"{HISTORY}/difference?from={last}&to={last + 1}").text
    assert '<del id="first-change">zebra</del>, <ins>yak</ins></dd>' in page
    assert "2 changes." in page


def test_a_change_in_a_long_paragraph_is_found(author: FlaskClient) -> None:
    long = " ".join(f"word{number}" for number in range(400))
    author.post(EDIT, data=form(author, content=f"{long}\n\nStays."))
    author.post(EDIT, data=form(author, content=f"{long.replace('word200 ', 'other ')}\n\nStays."))
    page = author.get(f"{HISTORY}/difference?from=4&to=5").text
    assert '<del id="first-change">word200</del><ins>other</ins>' in page
    assert "word195" in page
    assert "word205" in page
    assert "word100" not in page
    assert "word300" not in page
    assert "1 change." in page
    assert [found["href"] for found in Markup(page).all("a", href="#first-change")]
    assert Markup(page).faults == []


def test_one_save_is_shown_as_readers_would_see_it(author: FlaskClient) -> None:
    page = author.get(f"{HISTORY}/1")
    assert "<p>The quick fox.</p>" in page.text
    assert Markup(page.text).faults == []


def test_an_earlier_save_comes_back_as_a_save_of_its_own(author: FlaskClient) -> None:
    answer = author.post(f"{HISTORY}/1/restore")
    assert answer.status_code == 303
    assert "The quick fox." in author.get(EDIT).text
    assert 'value="4"' in author.get(HISTORY).text


def test_what_is_published_is_restored_as_a_draft(author: FlaskClient) -> None:
    author.post(EDIT, data={**form(author, content="The slow fox.\n\nStays."), "do": "publish"})
    author.post(f"{HISTORY}/1/restore")
    assert "quick" not in author.get("/articles/a-thing").text
    assert "quick" in author.get(EDIT).text


def test_a_form_that_is_behind_restores_nothing(author: FlaskClient) -> None:
    author.post(f"{HISTORY}/1/restore", data={"version": "1"})
    assert "The slow fox." in author.get(EDIT).text


@pytest.mark.parametrize("path", ["/99", "/difference?from=1&to=99", "/difference?from=x&to=1", "/difference", "/0"])
def test_what_is_not_there(author: FlaskClient, path: str) -> None:
    assert author.get(HISTORY + path).status_code == 404


def test_the_history_is_for_its_authors_and_the_editors(app: Flask, author: FlaskClient) -> None:
    pages = (HISTORY, f"{HISTORY}/1", f"{HISTORY}/difference?from=1&to=2")
    stranger = app.test_client()
    other = signed_in(app, "grace", "author")
    editor = signed_in(app, "alan", "editor")
    for page in pages:
        assert stranger.get(page).status_code == 302
        assert other.get(page).status_code == 403
        assert editor.get(page).status_code == 200
    assert other.post(f"{HISTORY}/1/restore").status_code == 403
    assert editor.post(f"{HISTORY}/1/restore").status_code == 303
