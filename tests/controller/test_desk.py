"""The desk: a day at a glance, lists by state, author and words, and deeds for many."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from application.config import Settings
from application.controller.editor import BUSY
from application.data.operations import likes
from application.extensions import db
from tests.controller.markup import Markup
from tests.controller.people import make_article, make_user, sign_in
from tests.controller.test_writing import DRAFT, FORM, edit_form, signed_in, tomorrow
from tests.locks import locked


@pytest.fixture
def author(app: Flask, client: FlaskClient) -> FlaskClient:
    make_user("ada", "author")
    sign_in(client, "ada")
    return client


@pytest.fixture
def editor(app: Flask) -> FlaskClient:
    return signed_in(app, "alan", "editor")


def titles(page: str) -> list[str]:
    return [
        part.partition(">")[2].partition("</a>")[0]
        for part in page.split("<h3")[1:]
        for part in [part.partition("<a")[2]]
    ]


def test_a_day_at_a_glance(author: FlaskClient) -> None:
    author.post("/create_article", data={**DRAFT, "title": "A draft"})
    author.post(
        "/create_article", data={**DRAFT, "title": "Waits", "do": "schedule", "date": tomorrow(), "time": "09:30"}
    )
    author.post("/create_article", data={**FORM, "title": "Is out"})
    page = author.get("/desk")
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "private, no-store"
    assert titles(page.text) == ["A draft", "Waits", "Is out"]
    assert "0 likes" in page.text
    assert Markup(page.text).faults == []


def test_an_empty_desk_says_so(author: FlaskClient) -> None:
    page = author.get("/desk").text
    assert "Nothing is waiting for its time." in page
    assert Markup(page).faults == []


def test_authors_see_their_own_and_editors_everybodys(app: Flask, author: FlaskClient, editor: FlaskClient) -> None:
    make_article(make_user("grace", "author"), "Of Grace")
    author.post("/create_article", data={**FORM, "title": "Of Ada"})
    assert titles(author.get("/desk?state=published").text) == ["Of Ada"]
    assert set(titles(editor.get("/desk?state=published").text)) == {"Of Ada", "Of Grace"}
    assert titles(editor.get("/desk?state=published&whose=mine").text) == []


def test_articles_are_found_by_title_author_and_state(app: Flask, editor: FlaskClient) -> None:
    grace = make_user("grace", "author")
    make_article(grace, "The first thing")
    make_article(grace, "The second thing", publish=False)
    make_article(make_user("lin", "author"), "Another thing")
    assert titles(editor.get("/desk?q=FIRST").text) == ["The first thing"]
    assert set(titles(editor.get("/desk?q=thing").text)) == {"The first thing", "The second thing", "Another thing"}
    assert set(titles(editor.get("/desk?author=grace").text)) == {"The first thing", "The second thing"}
    assert titles(editor.get("/desk?author=grace&state=draft").text) == ["The second thing"]
    assert titles(editor.get("/desk?q=%25").text) == []


def test_many_are_published_taken_back_and_tagged_at_once(app: Flask, editor: FlaskClient, client: FlaskClient) -> None:
    grace = make_user("grace", "author")
    made = [make_article(grace, f"Number {number}", publish=False) for number in range(3)]
    ids = [str(article_id) for article_id, _ in made[:2]]
    answer = editor.post("/desk", data={"do": "publish", "article": ids, "state": "draft"})
    assert answer.location == "/desk?state=draft"
    assert "Published: 2 articles." in editor.get(answer.location).text
    assert [client.get(f"/articles/{slug}").status_code for _, slug in made] == [200, 200, 404]
    editor.post("/desk", data={"do": "tag", "tags": "One, Two", "article": ids})
    assert "Number 0" in client.get("/tags/two").text
    editor.post("/desk", data={"do": "unpublish", "article": ids[:1]})
    assert client.get(f"/articles/{made[0][1]}").status_code == 404


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ({"do": "publish"}, "Nothing was ticked"),
        ({"do": "publish", "article": "x"}, "Nothing was ticked"),
        ({"do": "tag", "article": "1"}, "Type the tags to add first."),
        ({"do": "tag", "article": "1", "tags": "!!, one"}, "!!"),
        ({"do": "publish", "article": [str(number) for number in range(1, 102)]}, "Choose 100 articles at most."),
    ],
)
def test_a_deed_that_cannot_be_meant_is_told_with_all_that_was_typed(
    editor: FlaskClient, form: dict[str, Any], problem: str
) -> None:
    make_article(make_user("grace", "author"), "Stays as it is", publish=False)
    answer = editor.post("/desk", data={"tags": "", "state": "draft", **form})
    assert answer.status_code == 422
    assert problem in answer.text
    page = Markup(answer.text)
    assert page.faults == []
    assert page.all("input", name="tags")[0]["value"] == form.get("tags", "")
    assert bool(page.all("input", name="article", checked="")) == ("1" in form.get("article", ""))
    assert titles(answer.text) == ["Stays as it is"]


def test_every_article_with_which_nothing_was_done_is_named_with_the_reason(editor: FlaskClient) -> None:
    grace = make_user("grace", "author")
    many = ", ".join(f"tag {number}" for number in range(30))
    full = [make_article(grace, f"Full {number}", publish=False) for number in range(7)]
    editor.post("/desk", data={"do": "tag", "tags": many, "article": [str(number) for number, _ in full]})
    (free, slug), (binned, gone) = make_article(grace, "Free"), make_article(grace, "Thrown away")
    editor.post(f"/articles/{gone}/edit", data={"do": "bin", "version": "2"})
    ids = [str(number) for number, _ in full] + [str(free), str(binned), "987654"]
    answer = editor.post("/desk", data={"do": "tag", "tags": "One more", "article": ids, "state": "all"})
    assert answer.status_code == 200
    notice = answer.text.partition('id="problems"')[2].partition("</div>")[0]
    assert notice.count("An article can have 30 tags at most.") == 7
    assert all(f">{title}</a>: " in notice for title in (*(f"Full {number}" for number in range(7)), "Thrown away"))
    assert "Thrown away</a>: It is in the bin." in notice
    assert "Article 987654: There is no such article any more." in notice
    assert "Free" not in notice
    # What could be done is done, the rest stays ticked for another try.
    assert "Tagged: 1 article." in answer.text
    assert "One more" in editor.get(f"/articles/{slug}").text
    page = Markup(answer.text)
    assert page.faults == []
    ticked = [box["value"] for box in page.all("input", name="article", checked="")]
    assert sorted(ticked) == sorted(str(number) for number, _ in full)


def test_where_nothing_could_be_done_the_answer_says_so_too(editor: FlaskClient) -> None:
    answer = editor.post("/desk", data={"do": "publish", "article": "987654"})
    assert answer.status_code == 422
    assert "There is no such article any more." in answer.text


def test_bulk_is_for_editors(author: FlaskClient, client: FlaskClient) -> None:
    article_id, slug = make_article(make_user("grace", "author"), publish=False)
    assert author.post("/desk", data={"do": "publish", "article": str(article_id)}).status_code == 403
    assert client.get(f"/articles/{slug}").status_code == 404
    assert 'type="checkbox"' not in author.get("/desk?state=draft").text


def test_the_desk_is_for_staff(app: Flask, client: FlaskClient) -> None:
    assert client.get("/desk").status_code == 302
    assert signed_in(app, "lin", "reader").get("/desk").status_code == 403


def test_the_desk_comes_in_pages(editor: FlaskClient) -> None:
    grace = make_user("grace", "author")
    for number in range(35):
        make_article(grace, f"Number {number}")
    first = editor.get("/desk?state=published").text
    older = next(found["href"] for found in Markup(first).all("a", rel="next")).replace("&amp;", "&")
    second = editor.get(older).text
    assert len(titles(first)) == 30
    assert len(titles(second)) == 5
    assert set(titles(first)).isdisjoint(titles(second))
    assert editor.get("/desk?before=nonsense").status_code == 400


def test_likes_are_shown_beside_what_is_out(author: FlaskClient, editor: FlaskClient) -> None:
    article_id, _ = make_article(make_user("grace", "author"))
    likes.add_like(article_id, visitor_id="v" * 32)
    likes.recount_likes(article_id)
    assert "1 like" in editor.get("/desk").text


@pytest.mark.parametrize(
    "path",
    [
        "/desk",
        "/desk?state=all",
        "/desk?q=thing&author=ada",
        "/create_article",
        "/articles/a-new-thing/edit",
        "/articles/a-new-thing/revisions",
        "/articles/a-new-thing/revisions/1",
        "/articles/a-new-thing/revisions/difference?from=1&to=2",
        "/articles_by/ada/edit",
    ],
)
def test_no_page_takes_more_than_three_statements(author: FlaskClient, path: str) -> None:
    author.post("/create_article", data=FORM)
    author.post("/articles/a-new-thing/edit", data=edit_form(author, "a-new-thing", do="save", content="Newer."))
    # What everybody shares is in the cache; the account, its sign-in included, is read every time.
    assert author.get(path).status_code == 200
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda _c, _cursor, text, *_rest: statements.append(text))
    assert author.get(path).status_code == 200
    assert len(statements) <= 3, statements


def test_an_author_edits_their_own_page(app: Flask, author: FlaskClient) -> None:
    author.post("/create_article", data=FORM)
    form = author.get("/articles_by/ada/edit")
    assert form.status_code == 200
    assert Markup(form.text).faults == []
    answer = author.post("/articles_by/ada/edit", data={"display_name": "Ada L.", "biography": "Writes.\n\nCounts."})
    assert answer.location == "/articles_by/ada"
    page = author.get("/articles_by/ada").text
    assert "<p>Writes.</p><p>Counts.</p>" in page
    assert "Ada L." in author.get("/articles/a-new-thing").text


@pytest.mark.parametrize(
    ("field", "value"),
    [("display_name", ""), ("display_name", "x" * 201), ("biography", "x" * 5001), ("biography", "\x07")],
)
def test_a_page_that_cannot_be_stored_keeps_what_was_typed(author: FlaskClient, field: str, value: str) -> None:
    author.post("/create_article", data=FORM)
    typed = {"display_name": "Ada L.", "biography": "Writes.", field: value}
    answer = author.post("/articles_by/ada/edit", data=typed)
    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text
    assert "Ada L." in answer.text or "Writes." in answer.text


def test_a_name_cannot_turn_its_neighbours_round(author: FlaskClient) -> None:
    author.post("/create_article", data=FORM)
    form = {"display_name": "Ada \u202egnorw\u202c", "biography": "Writes."}
    answer = author.post("/articles_by/ada/edit", data=form)
    assert answer.status_code == 422
    assert "turns the direction of letters round" in answer.text
    assert 'value="Ada gnorw"' in answer.text
    assert "\u202e" not in author.get("/articles_by/ada").text
    assert "\u202e" not in author.get("/articles/a-new-thing").text


def test_the_page_of_another_is_the_editors_to_edit(app: Flask, author: FlaskClient, editor: FlaskClient) -> None:
    make_article(make_user("grace", "author"))
    assert author.get("/articles_by/grace/edit").status_code == 403
    assert author.post("/articles_by/grace/edit", data={"display_name": "x"}).status_code == 403
    assert editor.get("/articles_by/grace/edit").status_code == 200
    assert editor.get("/articles_by/nobody/edit").status_code == 404
    assert app.test_client().get("/articles_by/grace/edit").status_code == 302


def test_a_busy_database_keeps_a_biography(app: Flask, author: FlaskClient, settings: Settings) -> None:
    author.post("/create_article", data=FORM)
    form = {"display_name": "Ada L.", "biography": "Words about a whole life."}
    with locked(settings.database_url, "profiles"):
        answer = author.post("/articles_by/ada/edit", data=form)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert BUSY in answer.text
    assert "Ada L." in answer.text
    assert "Words about a whole life." in answer.text
    assert author.post("/articles_by/ada/edit", data=form).status_code == 303
