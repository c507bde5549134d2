"""Feedback: the form, the flood, and the list that staff works off."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from werkzeug.test import TestResponse

from application.controller import feedback as controller
from application.data.data_access import get_feedback
from application.data.errors import DatabaseBusy
from application.data.models import AuditEntry, Feedback
from application.data.operations import feedback as operations
from application.extensions import db
from tests.controller.markup import Markup
from tests.controller.people import make_user, sign_in

LETTER = {"name": "Bo", "email": "bo@example.com", "message": "A mistake in the second line."}


def send(client: FlaskClient, **changes: str) -> TestResponse:
    return client.post("/feedback", data={**LETTER, **changes})


def stored() -> list[Feedback]:
    db.session.rollback()
    return list(db.session.scalars(select(Feedback).order_by(Feedback.feedback_id)))


def test_the_form_is_one_stored_page_without_a_token(app: Flask, client: FlaskClient) -> None:
    make_user("ada", "editor")
    first = client.get("/feedback")
    reader = app.test_client()
    sign_in(reader, "ada")
    second = reader.get("/feedback")
    assert (first.headers["X-Cache"], second.headers["X-Cache"]) == ("miss", "hit redis")
    assert first.data == second.data
    assert "Set-Cookie" not in first.headers
    assert "csrf" not in first.text
    assert Markup(first.text).faults == []


def test_every_page_leads_to_it(client: FlaskClient) -> None:
    assert 'href="/feedback"' in client.get("/about").text


def test_a_message_is_stored_and_thanked_for(client: FlaskClient) -> None:
    answer = send(client, email="Bo@EXAMPLE.com", message="One\r\n\r\nTwo ")
    assert (answer.status_code, answer.location) == (303, "/feedback/thanks")
    assert answer.headers["Cache-Control"] == "private, no-store"
    (row,) = stored()
    assert (row.name, row.email, row.message, row.done_at) == ("Bo", "Bo@example.com", "One\n\nTwo", None)
    thanks = client.get("/feedback/thanks")
    assert "Thank you" in thanks.text
    assert Markup(thanks.text).faults == []


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "Tell us your name."),
        ("name", "   ", "Tell us your name."),
        ("name", "x" * 101, "100 characters at most"),
        ("name", "Bo\x07", "control character"),
        ("email", "", "Tell us your e-mail address"),
        ("email", "bo", "This is not an e-mail address"),
        ("email", "bo@example..com", "This is not an e-mail address"),
        ("email", "bo@localhost", "This is not an e-mail address"),
        ("email", "a" * 300 + "@example.com", "254 characters at most"),
        ("message", " \r\n ", "Write something first."),
        ("message", "x" * 5001, "5,000 characters at most"),
    ],
)
def test_an_error_stands_beside_its_field_and_on_top(client: FlaskClient, field: str, value: str, words: str) -> None:
    answer = send(client, **{field: value})
    assert answer.status_code == 422
    assert answer.headers["Cache-Control"] == "private, no-store"
    page = Markup(answer.text)
    assert page.faults == []
    assert answer.text.count(words) == 2
    (box,) = [found for found in [*page.all("input"), *page.all("textarea")] if found.get("name") == field]
    assert box["aria-invalid"] == "true"
    assert f"{field}-wrong" in box["aria-describedby"]
    assert all(kept in answer.text for name, kept in LETTER.items() if name != field)
    assert stored() == []


def test_what_was_typed_is_shown_as_text(client: FlaskClient) -> None:
    answer = send(client, name="<b>", message='"><script>', email="no")
    assert "<b>" not in answer.text
    assert "&#34;&gt;&lt;script&gt;" in answer.text


def test_an_error_is_not_given_to_the_next_visitor(client: FlaskClient) -> None:
    send(client, email="no")
    assert "no" not in [box.get("value") for box in Markup(client.get("/feedback").text).all("input")]


def test_as_many_characters_as_are_promised_fit_in_lines_too(client: FlaskClient) -> None:
    assert send(client, message="x\r\n" * 2499 + "xy").status_code == 303


def test_nothing_is_asked_of_the_network(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_names: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.getaddrinfo", fail)
    monkeypatch.setattr("email_validator.deliverability.validate_email_deliverability", fail)
    assert send(client, email="bo@no-such-domain-anywhere.com").status_code == 303


def test_a_program_that_fills_in_everything_is_thanked_and_forgotten(client: FlaskClient) -> None:
    answer = send(client, website="https://spam.example")
    assert (answer.status_code, answer.location) == (303, "/feedback/thanks")
    assert stored() == []
    page = client.get("/feedback").text
    assert '<div hidden><label for="website">' in page


def test_a_flood_is_stopped_and_what_was_typed_is_kept(client: FlaskClient) -> None:
    answers = [send(client) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [303] * 10 + [429]
    last = answers[-1]
    assert int(last.headers["Retry-After"]) > 0
    assert last.headers["Cache-Control"] == "private, no-store"
    assert "Yours is still here" in last.text
    assert LETTER["message"] in last.text
    assert len(stored()) == 10
    assert client.get("/feedback").status_code == 200


def test_a_busy_database_keeps_what_was_typed(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise DatabaseBusy

    monkeypatch.setattr(controller.operations, "add_feedback", fail)
    answer = send(client)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert LETTER["message"] in answer.text


def test_two_visitors_of_one_stored_page_can_both_write(app: Flask) -> None:
    for visitor in (app.test_client(), app.test_client()):
        visitor.get("/feedback")
        assert visitor.post("/feedback", data=LETTER, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303
    crossing = app.test_client().post("/feedback", data=LETTER, headers={"Sec-Fetch-Site": "cross-site"})
    assert crossing.status_code == 403
    assert len(stored()) == 2


def test_json_is_not_a_form(client: FlaskClient) -> None:
    assert client.post("/feedback", json=LETTER).status_code == 415
    assert client.post("/feedback", data=b"", content_type="text/plain").status_code == 415


# The list.


@pytest.fixture
def editor(app: Flask, client: FlaskClient) -> FlaskClient:
    make_user("ada", "editor")
    sign_in(client, "ada")
    return client


def test_the_list_is_for_staff(app: Flask, client: FlaskClient) -> None:
    number = operations.add_feedback(**LETTER)
    stranger = client.get("/desk/feedback")
    assert (stranger.status_code, "/login" in stranger.location) == (302, True)
    make_user("bo", "author")
    sign_in(client, "bo")
    assert client.get("/desk/feedback").status_code == 403
    assert client.post(f"/desk/feedback/{number}/done").status_code == 403
    assert stored()[0].done_at is None


def test_the_list_is_private_and_shows_what_was_written(editor: FlaskClient) -> None:
    operations.add_feedback("<Bo>", "b?o@example.com", "One\n\n<i>Two</i>")
    page = editor.get("/desk/feedback")
    assert page.headers["Cache-Control"] == "private, no-store"
    assert Markup(page.text).faults == []
    assert "&lt;Bo&gt;" in page.text
    assert "<p>&lt;i&gt;Two&lt;/i&gt;</p>" in page.text
    assert 'href="mailto:b%3Fo@example.com"' in page.text


def test_a_message_is_done_and_open_again(editor: FlaskClient) -> None:
    number = operations.add_feedback(**LETTER)
    for _ in range(2):
        answer = editor.post(f"/desk/feedback/{number}/done")
        assert (answer.status_code, answer.location) == (303, "/desk/feedback")
    (row,) = stored()
    assert (row.done_by, row.done_at is not None) == ("ada", True)
    assert "Open again" in editor.get("/desk/feedback").text
    editor.post(f"/desk/feedback/{number}/open", data={"before": "open-3"})
    assert (stored()[0].done_at, stored()[0].done_by) == (None, None)
    deeds = db.session.scalars(select(AuditEntry.deed).where(AuditEntry.subject == f"feedback {number}")).all()
    assert deeds == ["feedback done", "feedback opened again"]


def test_a_message_is_deleted_after_a_question(editor: FlaskClient) -> None:
    number, other = operations.add_feedback(**LETTER), operations.add_feedback(**LETTER)
    assert f'href="/desk/feedback/{number}/delete?before=open-9"' in editor.get("/desk/feedback?before=open-9").text
    question = editor.get(f"/desk/feedback/{number}/delete?before=open-9")
    assert LETTER["message"] in question.text
    assert Markup(question.text).faults == []
    assert editor.post(f"/desk/feedback/{number}/delete").status_code == 400
    assert len(stored()) == 2
    for _ in range(2):
        answer = editor.post(f"/desk/feedback/{number}/delete", data={"do": "delete", "before": "open-9"})
        assert (answer.status_code, answer.location) == (303, "/desk/feedback?before=open-9")
    assert [row.feedback_id for row in stored()] == [other]
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.deed == "feedback deleted")).all()
    assert [(entry.subject, entry.user_name, entry.details) for entry in entries] == [(f"feedback {number}", "ada", {})]
    assert editor.get(f"/desk/feedback/{number}/delete").status_code == 404


def test_only_editors_delete_messages(app: Flask, client: FlaskClient) -> None:
    number = operations.add_feedback(**LETTER)
    assert client.post(f"/desk/feedback/{number}/delete", data={"do": "delete"}).status_code == 302
    make_user("bo", "author")
    sign_in(client, "bo")
    assert client.post(f"/desk/feedback/{number}/delete", data={"do": "delete"}).status_code == 403
    assert len(stored()) == 1


def test_the_way_back_is_the_page_one_came_from(editor: FlaskClient) -> None:
    number = operations.add_feedback(**LETTER)
    answer = editor.post(f"/desk/feedback/{number}/done", data={"before": "open-3"})
    assert answer.location == "/desk/feedback?before=open-3"


def test_what_is_not_there_cannot_be_done(editor: FlaskClient) -> None:
    assert editor.post("/desk/feedback/999/done").status_code == 404
    assert editor.get("/desk/feedback/999/done").status_code == 405


def test_open_ones_come_first_and_every_one_once(app: Flask) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        # Of the done ones several at the same moment, so that the id decides.
        Feedback(**LETTER, done_at=start + timedelta(hours=number // 3) if number % 2 else None)
        for number in range(1, 91)
    ]
    db.session.add_all(rows)
    db.session.commit()
    seen, before, pages = [], None, 0
    while pages == 0 or before is not None:
        page = get_feedback(before)
        seen += page.messages
        before, pages = page.older, pages + 1
    assert pages == 5
    still = [message.feedback_id for message in seen if message.done_at is None]
    done = [(message.done_at, message.feedback_id) for message in seen if message.done_at is not None]
    assert still == sorted((row.feedback_id for row in rows if row.done_at is None), reverse=True)
    assert done == sorted(((row.done_at, row.feedback_id) for row in rows if row.done_at), reverse=True)
    assert [message.done_at is None for message in seen] == [True] * 45 + [False] * 45


@pytest.mark.parametrize("before", ["x", "open-", "open-x", "open-9999999999", "20260101T000000000000Z-0"])
def test_a_made_up_cursor_is_refused(editor: FlaskClient, before: str) -> None:
    assert editor.get("/desk/feedback", query_string={"before": before}).status_code == 400


def test_the_list_takes_three_statements(editor: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        operations.add_feedback(**LETTER)
    editor.get("/desk/feedback")
    seen: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda _c, _cu, text, *_rest: seen.append(text))
    editor.get("/desk/feedback")
    assert len(seen) <= 3, seen


def test_a_sender_who_is_gone_is_no_link(client: FlaskClient) -> None:
    make_user("edith", "editor")
    db.session.add(Feedback(name="deleted account", email="", message="Hello"))
    db.session.commit()
    sign_in(client, "edith")
    page = client.get("/desk/feedback")
    assert "deleted account" in page.text
    assert "mailto:" not in page.text
    assert Markup(page.text).faults == []
