"""Write, preview, publish, edit; and everything that can go wrong on the way."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from application.data.models import Article
from application.extensions import db
from tests.controller.people import make_article, make_user, sign_in

FORM = {
    "title": "A new thing",
    "standfirst": "In short.",
    "content": "Some *text*.",
    "tags": "One, two ,one",
    "publish": "y",
}
DRAFT = {name: value for name, value in FORM.items() if name != "publish"}


@pytest.fixture
def author(app: Flask, client: FlaskClient) -> FlaskClient:
    make_user("ada", "author")
    sign_in(client, "ada")
    return client


def signed_in(app: Flask, username: str, *roles: str) -> FlaskClient:
    client = app.test_client()
    make_user(username, *roles)
    sign_in(client, username)
    return client


def count_articles() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Article)) or 0


def version_of(page: str) -> str:
    return page.partition('name="version"')[2].partition('value="')[2].partition('"')[0]


def edit_form(client: FlaskClient, slug: str, /, **changes: str) -> dict[str, str]:
    page = client.get(f"/articles/{slug}/edit")
    assert page.status_code == 200
    return {**FORM, "slug": slug, "version": version_of(page.text), **changes}


def test_write_then_read(author: FlaskClient) -> None:
    answer = author.post("/create_article", data=FORM)
    assert (answer.status_code, answer.location) == (303, "/articles/a-new-thing")
    page = author.get(answer.location)
    assert "<em>text</em>" in page.text
    assert "A new thing" in author.get("/").text
    assert "A new thing" in author.get("/tags/two").text


def test_title_and_text_are_enough(author: FlaskClient) -> None:
    answer = author.post("/create_article", data={"title": "Bare", "content": "Words."})
    assert (answer.status_code, answer.location) == (303, "/articles/bare/edit")


def test_a_draft_is_the_writers_alone(author: FlaskClient) -> None:
    answer = author.post("/create_article", data=DRAFT)
    assert (answer.status_code, answer.location) == (303, "/articles/a-new-thing/edit")
    assert author.get("/articles/a-new-thing").status_code == 404
    form = author.get(answer.location)
    assert "Some *text*." in form.text
    assert form.headers["Cache-Control"] == "private, no-store"


def test_an_edit_shows_at_once(author: FlaskClient) -> None:
    author.post("/create_article", data=FORM)
    assert "Some" in author.get("/articles/a-new-thing").text
    answer = author.post("/articles/a-new-thing/edit", data=edit_form(author, "a-new-thing", title="Changed"))
    assert answer.status_code == 303
    assert "Changed" in author.get(answer.location).text
    assert "Changed" in author.get("/").text


def test_unpublishing_takes_it_back_at_once(author: FlaskClient) -> None:
    author.post("/create_article", data=FORM)
    author.get("/articles/a-new-thing")
    form = edit_form(author, "a-new-thing")
    del form["publish"]
    answer = author.post("/articles/a-new-thing/edit", data=form)
    assert answer.location == "/articles/a-new-thing/edit"
    assert author.get("/articles/a-new-thing").status_code == 404
    assert "A new thing" not in author.get("/").text


def test_a_new_address_leads_on_from_the_old_one(author: FlaskClient) -> None:
    author.post("/create_article", data=FORM)
    answer = author.post("/articles/a-new-thing/edit", data=edit_form(author, "a-new-thing", slug="Another Thing"))
    assert answer.location == "/articles/another-thing"
    moved = author.get("/articles/a-new-thing")
    assert (moved.status_code, moved.location) == (301, "/articles/another-thing")


def test_nobody_overwrites_what_somebody_else_saved(app: Flask, author: FlaskClient) -> None:
    author.post("/create_article", data=FORM)
    mine = edit_form(author, "a-new-thing", title="Mine", content="My words.")
    editor = signed_in(app, "grace", "editor")
    editor.post("/articles/a-new-thing/edit", data=edit_form(editor, "a-new-thing", content="Their words."))
    conflict = author.post("/articles/a-new-thing/edit", data=mine)
    assert conflict.status_code == 409
    assert "My words." in conflict.text
    assert "Their words." in conflict.text
    assert "Their words." in author.get("/articles/a-new-thing").text
    again = author.post("/articles/a-new-thing/edit", data={**mine, "version": version_of(conflict.text)})
    assert again.status_code == 303
    assert "My words." in author.get("/articles/a-new-thing").text


def test_a_preview_stores_nothing(author: FlaskClient) -> None:
    answer = author.post("/create_article", data={**FORM, "preview": "1"})
    assert answer.status_code == 200
    assert "<em>text</em>" in answer.text
    assert "Some *text*." in answer.text
    assert count_articles() == 0


def test_a_preview_runs_no_script(author: FlaskClient) -> None:
    bad = "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>"
    answer = author.post("/create_article", data={**FORM, "content": bad, "preview": "1"})
    shown = answer.text.split("<textarea")[0]
    assert "<script>alert" not in shown
    assert "onerror=" not in shown
    assert 'href="javascript:' not in shown


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "   "),
        ("title", "x" * 301),
        ("title", "bell\x07"),
        ("standfirst", "x" * 1001),
        ("standfirst", "escape\x1b[31m"),
        ("content", ""),
        ("content", "form\x0cfeed"),
        ("tags", "x" * 101),
        ("tags", ",".join(map(str, range(31)))),
        ("tags", "\x01"),
    ],
)
def test_what_cannot_be_stored_is_said_beside_its_field(author: FlaskClient, field: str, value: str) -> None:
    answer = author.post("/create_article", data={**FORM, field: value})
    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text
    for name in {"title", "standfirst", "content"} - {field}:
        assert FORM[name] in answer.text
    assert count_articles() == 0


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 30])
def test_a_form_without_its_version_is_refused(author: FlaskClient, version: str) -> None:
    author.post("/create_article", data=FORM)
    form = {**FORM, "slug": "a-new-thing", "version": version, "title": "Changed"}
    answer = author.post("/articles/a-new-thing/edit", data=form)
    assert answer.status_code == 422
    assert "Changed" not in author.get("/").text


def test_a_stranger_is_asked_to_sign_in(client: FlaskClient) -> None:
    for path in ("/create_article", "/articles/x/edit"):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer.location.startswith("/login?next=")


def test_words_are_not_lost_when_the_session_is_over(client: FlaskClient) -> None:
    answer = client.post("/create_article", data=FORM)
    assert answer.status_code == 403
    assert "Some *text*." in answer.text
    assert "sign in" in answer.text
    assert count_articles() == 0


def test_a_reader_may_not_write(app: Flask) -> None:
    reader = signed_in(app, "grace", "reader")
    assert reader.get("/create_article").status_code == 403
    assert reader.post("/create_article", data=FORM).status_code == 403
    assert count_articles() == 0


def test_authors_edit_their_own_and_editors_everything(app: Flask, author: FlaskClient) -> None:
    author.post("/create_article", data=FORM)
    other = signed_in(app, "grace", "author")
    assert other.get("/articles/a-new-thing/edit").status_code == 403
    assert other.post("/articles/a-new-thing/edit", data={**FORM, "slug": "x", "version": "1"}).status_code == 403
    for role in ("editor", "administrator"):
        assert signed_in(app, f"the{role}", role).get("/articles/a-new-thing/edit").status_code == 200


def test_an_unknown_article_cannot_be_edited(author: FlaskClient) -> None:
    for slug in ("nothing", "x" * 3000, "%00", "é", ".."):
        assert author.get(f"/articles/{slug}/edit").status_code in {301, 308, 404}


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/xml", "image/png"])
def test_only_forms_are_read(author: FlaskClient, kind: str) -> None:
    answer = author.post("/create_article", data=b'{"title": "x"}', content_type=kind)
    assert answer.status_code == 415
    assert count_articles() == 0


def test_a_body_too_large_is_413(author: FlaskClient) -> None:
    answer = author.post("/create_article", data={**FORM, "content": "x" * (2 * 1024 * 1024)})
    assert answer.status_code == 413
    assert count_articles() == 0


def test_a_long_text_is_fine(author: FlaskClient) -> None:
    answer = author.post("/create_article", data={**FORM, "content": "Ж " * 85_000})
    assert answer.status_code == 303


def test_another_article_with_the_same_title_gets_its_own_address(author: FlaskClient) -> None:
    user_id = make_user("grace", "author")
    _, first = make_article(user_id, "Twins")
    _, second = make_article(user_id, "Twins")
    assert first != second
