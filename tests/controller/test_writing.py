"""Write, preview, publish, edit; and everything that can go wrong on the way."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select
from werkzeug.test import TestResponse

from application import create_app
from application.config import Settings
from application.controller.forms import ArticleForm
from application.data.errors import DatabaseBusy
from application.data.models import Article, Profile, User
from application.data.operations import articles
from application.data.operations.schedule import publish_due
from application.data.types import utc_now
from application.extensions import db
from application.utils import markdown
from tests.controller.markup import Markup
from tests.controller.people import make_article, make_user, sign_in

DRAFT = {
    "title": "A new thing",
    "standfirst": "In short.",
    "content": "Some *text*.",
    "tags": "One, two ,one",
}
SLOW = "[" * 20_000
FORM = {**DRAFT, "do": "publish"}


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


def find(username: str) -> User:
    user = db.session.scalar(select(User).where(User.username == username))
    assert user is not None
    return user


def count_articles() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Article)) or 0


def version_of(page: str) -> str:
    return value_of(page, "version")


def value_of(page: str, name: str) -> str:
    return Markup(page).value(name)


def buttons_of(page: str) -> set[str]:
    return {found["value"] for found in Markup(page).all("button", name="do")}


def edit_form(client: FlaskClient, slug: str, /, **changes: str) -> dict[str, str]:
    page = client.get(f"/articles/{slug}/edit")
    assert page.status_code == 200
    return {
        **FORM,
        "slug": slug,
        "authors": value_of(page.text, "authors"),
        "article_id": value_of(page.text, "article_id"),
        "version": version_of(page.text),
        **changes,
    }


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
    answer = author.post("/articles/a-new-thing/edit", data=edit_form(author, "a-new-thing", do="unpublish"))
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
    answer = author.post("/create_article", data={**FORM, "do": "preview"})
    assert answer.status_code == 200
    assert "<em>text</em>" in answer.text
    assert "Some *text*." in answer.text
    assert count_articles() == 0


def test_a_preview_runs_no_script(author: FlaskClient) -> None:
    bad = "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>"
    answer = author.post("/create_article", data={**FORM, "content": bad, "do": "preview"})
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
        ("authors", "nobody-at-all"),
        ("authors", ",".join(f"name{number}" for number in range(51))),
        ("slug", "x" * 201),
        ("slug", "\U0001f600"),
        ("canonical_url", "example.org/page"),
        ("canonical_url", "javascript:alert(1)"),
        ("canonical_url", "https://user:word@example.org/"),
        ("language", "english!"),
        ("direction", "up"),
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


def test_a_long_text_is_fine(author: FlaskClient) -> None:
    answer = author.post("/create_article", data={**FORM, "content": "Ж " * 85_000})
    assert answer.status_code == 303


def test_another_article_with_the_same_title_gets_its_own_address(author: FlaskClient) -> None:
    user_id = make_user("grace", "author")
    _, first = make_article(user_id, "Twins")
    _, second = make_article(user_id, "Twins")
    assert first != second


def test_every_field_is_stored_and_shown_again(app: Flask) -> None:
    make_article(make_user("grace", "author"))
    author = signed_in(app, "alan", "editor")
    more = {
        "slug": "Of My Own",
        "authors": "alan, grace",
        "canonical_url": "https://example.org/first",
        "language": "ar",
        "direction": "rtl",
    }
    answer = author.post("/create_article", data={**FORM, **more, "do": "save"})
    assert answer.location == "/articles/of-my-own/edit"
    page = author.get(answer.location).text
    for name, value in {**more, "slug": "of-my-own", "tags": "One, two"}.items():
        if name != "direction":
            assert value_of(page, name) == value
    assert '<option selected value="rtl">' in page


def test_search_engines_are_told_where_an_article_stood_first(author: FlaskClient) -> None:
    author.post("/create_article", data={**FORM, "canonical_url": "https://example.org/first?a=1&b=2"})
    page = author.get("/articles/a-new-thing").text
    assert [found["href"] for found in Markup(page).all("link", rel="canonical")] == [
        "https://example.org/first?a=1&b=2"
    ]


def test_the_buttons_say_what_will_happen_in_every_state(author: FlaskClient) -> None:
    assert buttons_of(author.get("/create_article").text) == {"save", "preview", "publish", "schedule"}
    edit = "/articles/a-new-thing/edit"
    author.post("/create_article", data=DRAFT)
    assert buttons_of(author.get(edit).text) == {"save", "preview", "publish", "schedule", "bin"}
    author.post(edit, data=edit_form(author, "a-new-thing", do="schedule", date=tomorrow(), time="09:30"))
    assert buttons_of(author.get(edit).text) == {"save", "preview", "publish", "schedule", "unpublish", "bin"}
    author.post(edit, data=edit_form(author, "a-new-thing"))
    public = {"save", "preview", "publish", "schedule", "unpublish", "bin"}
    assert buttons_of(author.get(edit).text) == public
    newer = {"content": "Newer."}
    author.post(edit, data=edit_form(author, "a-new-thing", do="save", **newer))
    assert buttons_of(author.get(edit).text) == public | {"discard"}
    author.post(edit, data=edit_form(author, "a-new-thing", do="schedule", date=tomorrow(), time="09:30", **newer))
    assert buttons_of(author.get(edit).text) == public | {"discard", "unschedule"}
    author.post(edit, data=edit_form(author, "a-new-thing", do="unpublish"))
    assert buttons_of(author.get(edit).text) >= {"save", "preview", "publish", "schedule", "bin"}
    author.post(edit, data=edit_form(author, "a-new-thing", do="bin"))
    assert buttons_of(author.get(edit).text) == {"take-back"}


def test_a_newer_draft_is_not_seen_by_readers(author: FlaskClient) -> None:
    author.post("/create_article", data=FORM)
    edit = "/articles/a-new-thing/edit"
    answer = author.post(edit, data=edit_form(author, "a-new-thing", do="save", content="Newer words."))
    assert answer.location == edit
    assert "Newer words." not in author.get("/articles/a-new-thing").text
    page = author.get(edit).text
    assert "Newer words." in page
    assert "Readers still see the version of" in page
    author.post(edit, data=edit_form(author, "a-new-thing", do="publish", content="Newer words."))
    assert "Newer words." in author.get("/articles/a-new-thing").text


def test_a_newer_draft_can_be_discarded(author: FlaskClient) -> None:
    author.post("/create_article", data=FORM)
    edit = "/articles/a-new-thing/edit"
    author.post(edit, data=edit_form(author, "a-new-thing", do="save", content="Newer words."))
    author.post(edit, data=edit_form(author, "a-new-thing", do="discard"))
    page = author.get(edit).text
    assert "Newer words." not in page
    assert "Some *text*." in page


def test_what_was_typed_beside_a_discarded_draft_is_offered(author: FlaskClient) -> None:
    author.post("/create_article", data=FORM)
    edit = "/articles/a-new-thing/edit"
    author.post(edit, data=edit_form(author, "a-new-thing", do="save", content="Newer words."))
    form = edit_form(author, "a-new-thing", do="discard", content="Newer words, never saved.")
    author.post(edit, data={**form, "form_key": "abc123"})
    page = author.get(edit).text
    assert "?kept=abc123" in page
    assert "Newer words, never saved." in author.get(f"{edit}?kept=abc123").text


@pytest.mark.parametrize("deed", ["preview", "save", "publish"])
def test_a_text_that_takes_too_long_to_lay_out_comes_back_whole(
    author: FlaskClient, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    monkeypatch.setattr(markdown, "LONGEST_SECONDS", 0.01)
    answer = author.post("/create_article", data={**FORM, "content": SLOW, "do": deed})
    assert answer.status_code == 422
    assert "takes too long to lay out" in answer.text
    assert SLOW in answer.text


def test_a_revision_that_takes_too_long_to_lay_out_says_so(
    author: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    author.post("/create_article", data={**DRAFT, "content": SLOW})
    monkeypatch.setattr(markdown, "LONGEST_SECONDS", 0.01)
    answer = author.get("/articles/a-new-thing/revisions/1")
    assert answer.status_code == 422
    assert "takes too long to lay out" in answer.text


@pytest.mark.parametrize("field", ["title", "standfirst", "content"])
@pytest.mark.parametrize("nothing", ["\u200b", "\u3164\u3164", "\u2800"])
def test_what_nobody_can_see_is_no_text(author: FlaskClient, field: str, nothing: str) -> None:
    answer = author.post("/create_article", data={**FORM, field: nothing})
    assert answer.status_code == 422
    assert "Nothing of this can be seen" in answer.text


def test_a_text_sent_as_it_was_is_no_revision(author: FlaskClient) -> None:
    author.post("/create_article", data=DRAFT)
    before = author.get("/articles/a-new-thing/revisions").text.count("Revision ")
    author.post("/articles/a-new-thing/edit", data=edit_form(author, "a-new-thing", do="save", tags="One, two"))
    assert author.get("/articles/a-new-thing/revisions").text.count("Revision ") == before


def test_an_article_waits_for_its_time(author: FlaskClient) -> None:
    when = {"do": "schedule", "date": tomorrow(), "time": "09:30"}
    answer = author.post("/create_article", data={**DRAFT, **when})
    assert answer.location == "/articles/a-new-thing/edit"
    page = author.get(answer.location).text
    assert "Scheduled" in page
    assert "(UTC)" in page
    assert value_of(page, "time") == "09:30"
    assert author.get("/articles/a-new-thing").status_code == 404


def test_changes_wait_for_their_time_while_readers_see_what_they_saw(author: FlaskClient) -> None:
    author.post("/create_article", data=FORM)
    edit, newer = "/articles/a-new-thing/edit", {"title": "Changed", "content": "Newer words."}
    form = edit_form(author, "a-new-thing", do="schedule", date=tomorrow(), time="09:30", **newer)
    assert author.post(edit, data=form).location == edit
    page = author.get(edit).text
    assert "The changes will be published on" in page
    assert "Published, with changes scheduled" in page
    assert value_of(page, "time") == "09:30"
    assert value_of(page, "title") == "Changed"
    assert "Newer words." not in author.get("/articles/a-new-thing").text
    desk = author.get("/desk?state=scheduled").text
    assert "A new thing" in desk
    assert "changes scheduled for" in desk
    # What is saved meanwhile appears with the rest, at the same time.
    author.post(edit, data=edit_form(author, "a-new-thing", do="save", title="Changed", content="Better words."))
    page = author.get(edit).text
    assert "Readers still see the version before, until" in page
    assert value_of(page, "time") == "09:30"
    assert publish_due(utc_now()) == []
    db.session.rollback()
    assert len(publish_due(utc_now() + timedelta(days=2))) == 1
    article = author.get("/articles/a-new-thing").text
    assert "Better words." in article
    assert "Changed" in author.get("/").text
    assert "Published, with" not in author.get(edit).text
    assert "Changed" not in author.get("/desk?state=scheduled").text


def test_changes_are_taken_off_the_schedule_with_every_word_kept(author: FlaskClient) -> None:
    author.post("/create_article", data=FORM)
    edit, newer = "/articles/a-new-thing/edit", {"content": "Newer words."}
    form = edit_form(author, "a-new-thing", do="schedule", date=tomorrow(), time="09:30", **newer)
    author.post(edit, data=form)
    author.post(edit, data=edit_form(author, "a-new-thing", do="unschedule", **newer))
    page = author.get(edit).text
    assert "Published, with a newer draft" in page
    assert "Newer words." in page
    assert publish_due(utc_now() + timedelta(days=2)) == []
    assert "Newer words." not in author.get("/articles/a-new-thing").text


def test_where_nothing_is_newer_nothing_is_scheduled(author: FlaskClient) -> None:
    author.post("/create_article", data=FORM)
    edit = "/articles/a-new-thing/edit"
    form = edit_form(author, "a-new-thing", do="schedule", date=tomorrow(), time="09:30", tags="One, two")
    answer = author.post(edit, data=form)
    assert answer.status_code == 422
    assert "there are no changes to publish later" in answer.text
    assert 'id="date-wrong"' in answer.text
    assert "Some *text*." in answer.text
    assert "changes scheduled" not in author.get(edit).text


@pytest.mark.parametrize(
    ("date", "time"),
    [
        ("", ""),
        ("2020-01-01", "10:00"),
        ("9999-12-31", "23:59"),
        ("0001-01-01", "00:00"),
        ("2030-02-30", "10:00"),
        ("2030-01-01", "25:00"),
        ("2030-01-01", "10:00+14:00"),
        ("x", "y"),
    ],
)
def test_a_time_that_cannot_be_kept_is_said_beside_it(author: FlaskClient, date: str, time: str) -> None:
    answer = author.post("/create_article", data={**DRAFT, "do": "schedule", "date": date, "time": time})
    assert answer.status_code == 422
    assert 'id="date-wrong"' in answer.text or 'id="time-wrong"' in answer.text
    assert "Some *text*." in answer.text
    assert count_articles() == 0


def test_the_hour_that_the_clocks_leave_out_cannot_be_chosen(settings: Settings) -> None:
    paris = ZoneInfo("Europe/Paris")
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with create_app(settings).test_request_context():
        form = ArticleForm(formdata=None, date="2026-03-29", time="02:30")
        assert form.read_time(paris, now) is None
        assert form.time.errors
        form = ArticleForm(formdata=None, date="2026-03-29", time="03:30")
        assert form.read_time(paris, now) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_what_was_typed_is_offered_again_after_a_deed_that_does_not_store_it(author: FlaskClient) -> None:
    author.post("/create_article", data=FORM)
    edit = "/articles/a-new-thing/edit"
    page = author.get(edit).text
    form = edit_form(
        author, "a-new-thing", do="unpublish", content="Typed meanwhile.", form_key=value_of(page, "form_key")
    )
    author.post(edit, data=form)
    offered = author.get(edit).text
    assert "Words that were not saved" in offered
    assert "Typed meanwhile." in author.get(f"{edit}?kept={form['form_key']}").text


def test_the_bin_gives_back_what_it_was_given(author: FlaskClient) -> None:
    author.post("/create_article", data=FORM)
    edit = "/articles/a-new-thing/edit"
    answer = author.post(edit, data=edit_form(author, "a-new-thing", do="bin"))
    assert answer.location == "/desk"
    assert author.get("/articles/a-new-thing").status_code == 404
    assert "In the bin" in author.get(edit).text
    author.post(edit, data={"do": "take-back"})
    assert author.get("/articles/a-new-thing").status_code == 200


def test_a_conflict_shows_the_difference_and_lets_one_choose(app: Flask, author: FlaskClient) -> None:
    author.post("/create_article", data=DRAFT)
    edit = "/articles/a-new-thing/edit"
    mine = edit_form(author, "a-new-thing", do="save", content="The slow fox.", title="Mine")
    editor = signed_in(app, "grace", "editor")
    editor.post(edit, data=edit_form(editor, "a-new-thing", do="save", content="The quick fox."))
    conflict = author.post(edit, data=mine)
    assert conflict.status_code == 409
    assert "<del>quick</del><ins>slow</ins>" in conflict.text
    # The title changed too, in the table above; tags in another order did not.
    assert conflict.text.index("first-change") < conflict.text.index("quick</del>")
    assert "<dt>Tags</dt>" not in conflict.text
    assert buttons_of(conflict.text) >= {"save", "theirs"}
    assert Markup(conflict.text).faults == []
    assert author.post(edit, data={**mine, "do": "theirs"}).location == edit
    assert "The quick fox." in author.get(edit).text
    author.post(edit, data={**mine, "version": version_of(conflict.text)})
    assert "The slow fox." in author.get(edit).text


def test_editors_say_who_signs_beside_an_author(app: Flask, author: FlaskClient) -> None:
    make_article(make_user("grace", "author"))
    edit = "/articles/a-new-thing/edit"
    author.post("/create_article", data=DRAFT)

    def save(client: FlaskClient, authors: str) -> TestResponse:
        return client.post(edit, data=edit_form(client, "a-new-thing", do="save", authors=authors))

    refused = save(author, "ada, grace")
    assert refused.status_code == 422
    assert "Only an editor can put grace into the by-line." in refused.text
    assert 'id="authors-wrong"' in refused.text
    assert value_of(refused.text, "authors") == "ada, grace"
    editor = signed_in(app, "alan", "editor")
    assert save(editor, "grace, ada").status_code == 303
    # Who stands there already may stand in another order, and be left alone.
    assert save(author, "ada, grace").status_code == 303
    refused = save(author, "ada")
    assert refused.status_code == 422
    assert "Only an editor can take grace out of the by-line." in refused.text
    assert save(editor, "ada").status_code == 303


@pytest.mark.parametrize("authors", ["grace", "ada, grace", "grace, ada", "ada, the-desk", "the-desk"])
@pytest.mark.parametrize("do", ["save", "publish", "schedule"])
def test_nobody_signs_for_another(app: Flask, author: FlaskClient, authors: str, do: str) -> None:
    make_user("grace", "author")
    db.session.add_all(Profile(user_name=name, display_name=name) for name in ("grace", "the-desk"))
    db.session.commit()
    answer = author.post("/create_article", data={**DRAFT, "authors": authors, "do": do})
    assert answer.status_code == 422
    assert 'id="authors-wrong"' in answer.text
    assert count_articles() == 0


def test_a_co_author_takes_themselves_out(app: Flask, author: FlaskClient) -> None:
    make_article(make_user("grace", "author"))
    grace = app.test_client()
    sign_in(grace, "grace")
    author.post("/create_article", data=DRAFT)
    editor = signed_in(app, "alan", "editor")
    edit = "/articles/a-new-thing/edit"
    editor.post(edit, data=edit_form(editor, "a-new-thing", do="save", authors="ada, grace"))
    assert grace.post(edit, data=edit_form(grace, "a-new-thing", do="save", authors="ada")).status_code == 303
    assert grace.get(edit).status_code == 403


def test_a_button_that_is_not_there_is_refused(author: FlaskClient) -> None:
    assert author.post("/create_article", data={**DRAFT, "do": "vanish"}).status_code == 400
    assert count_articles() == 0


def test_the_form_is_whole(author: FlaskClient) -> None:
    assert Markup(author.get("/create_article").text).faults == []
    author.post("/create_article", data=FORM)
    page = author.get("/articles/a-new-thing/edit")
    assert Markup(page.text).faults == []
    assert page.headers["Cache-Control"] == "private, no-store"
    assert "/static/editor.js" in page.text
    assert "/static/editor.js" not in author.get("/").text


def test_a_busy_database_keeps_the_words(author: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_args: object) -> None:
        raise DatabaseBusy

    monkeypatch.setattr(articles, "create_article", busy)
    answer = author.post("/create_article", data=FORM)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "Some *text*." in answer.text


def test_a_stranger_gets_a_way_to_sign_in_beside_their_words(client: FlaskClient) -> None:
    answer = client.post("/create_article", data={**FORM, "form_key": "abc"})
    assert answer.status_code == 403
    link = next(found for found in Markup(answer.text).all("a", target="_blank"))
    assert link["href"].startswith("/login")
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_an_account_deleted_while_it_wrote_keeps_its_words(author: FlaskClient) -> None:
    db.session.execute(delete(User))
    db.session.commit()
    answer = author.post("/create_article", data=FORM)
    assert answer.status_code == 403
    assert "Some *text*." in answer.text
    assert count_articles() == 0


def test_a_tag_with_a_slash_has_a_page_without_one(author: FlaskClient) -> None:
    author.post("/create_article", data={**FORM, "tags": "in/out"})
    page = author.get("/articles/a-new-thing").text
    assert 'href="/tags/in-out"' in page
    assert "in/out" in author.get("/tags/in-out").text


def tomorrow() -> str:
    return f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"


@pytest.mark.parametrize("field", ["title", "standfirst", "content", "tags", "slug"])
def test_what_turns_letters_round_is_taken_out_and_said_so(author: FlaskClient, field: str) -> None:
    answer = author.post("/create_article", data={**DRAFT, field: "safe\u202egpj.exe"})
    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text
    assert "It is taken out now" in answer.text
    assert "safegpj.exe" in answer.text
    assert "\u202e" not in answer.text
    assert count_articles() == 0
    assert author.post("/create_article", data={**DRAFT, field: "safegpj.exe"}).status_code == 303


def test_prose_keeps_the_marks_of_direction_that_it_needs(author: FlaskClient) -> None:
    answer = author.post("/create_article", data={**DRAFT, "content": "One \u2067\u05d0\u05d1\u2069 two."})
    assert answer.status_code == 303
    assert "\u2067" in author.get(answer.location).text


@pytest.mark.parametrize(
    "path", ["/create_article", "/articles_by/ada/edit", "/account/password", "/feedback", "/register", "/login"]
)
def test_what_is_wrong_is_said_in_the_house_s_own_words(app: Flask, author: FlaskClient, path: str) -> None:
    make_article(find("ada").id)
    client = app.test_client() if path in {"/register", "/login"} else author
    page = Markup(client.get(path).text)
    names = {found["name"] for tag in ("input", "textarea", "select") for found in page.all(tag) if "name" in found}
    assert len(names) > 1
    for value in ("", "x" * 25_000):
        answer = client.post(path, data={name: value for name in names if name not in {"website", "form_key", "next"}})
        assert answer.status_code == 422
        for theirs in ("Field ", "This field", "Not a valid", "Invalid"):
            assert theirs not in answer.text
