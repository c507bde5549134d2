"""`flask explain --as`: it shows what that person would see, and leaves nothing behind."""

import re

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from application import create_app
from application.extensions import db
from tests.conftest import settings_for
from tests.controller.people import make_user, sign_in
from tests.controller.test_second_factor import code, make_codes, switch_on, try_code
from tests.explaining.conftest import Run, explained, runner
from tests.state import state


def test_a_named_user_sees_their_page_and_nothing_is_changed(run: Run, redis_client: redis.Redis) -> None:
    before = state(redis_client)
    found = explained(run, "/account", "--as", "ada")
    assert (found.status, found.reader) == ("200 OK", "ada")
    assert "looks at the session" in found.tier.why
    assert found.tier.change.startswith("nothing, where it is")
    assert explained(run, "/account").status == "302 FOUND"
    assert explained(run, "/desk", "--as", "ada@example.com").status == "200 OK"
    assert state(redis_client) == before


@pytest.mark.parametrize("reader", [(), ("--as", "ada")])
def test_what_is_answered_without_flask_looks_at_the_session_too(run: Run, reader: tuple[str, ...]) -> None:
    found = explained(run, "/me", *reader)
    assert found.status == "200 OK"
    assert "looks at the session at application/controller/me_lane.py:" in found.tier.why
    assert found.tier.change.startswith("nothing, where it is")


def test_what_a_page_writes_for_a_named_user_is_rolled_back(run: Run, redis_client: redis.Redis) -> None:
    make_user("grace")
    db.session.remove()
    before = state(redis_client)
    status, output = run("/planted/mine", "--as", "grace")
    assert status == 0, output
    assert "UPDATE articles SET title = 'changed'" in output
    assert "INSERT INTO profiles" in output
    assert state(redis_client) == before


def test_a_page_of_everybodys_is_the_same_for_a_named_user(run: Run) -> None:
    found = explained(run, "/", "--as", "ada")
    assert found.tier.made == "miss"
    assert not any(name == "Set-Cookie" for name, _ in found.headers)


def test_a_closed_account_sees_nothing(run: Run) -> None:
    make_user("eve")
    db.session.execute(text("UPDATE users SET active = :no WHERE username = 'eve'"), {"no": False})
    db.session.commit()
    assert run("/", "--as", "eve") == (2, "Error: the account eve is closed, so nobody sees anything as eve\n")


# What they see is what they would see who had signed in.


@pytest.mark.parametrize("path", ["/account", "/account/second_factor", "/account/recovery_codes", "/desk"])
@pytest.mark.parametrize("has_second_factor", [False, True])
def test_staff_are_shown_as_they_are(
    run: Run, app: Flask, client: FlaskClient, path: str, has_second_factor: bool
) -> None:
    make_user("olga", "administrator")
    if has_second_factor:
        key = switch_on(client, "olga", steps=-1)
        make_codes(client)
        client = app.test_client()
        try_code(client, "olga", code(key))
    else:
        sign_in(client, "olga")
    # The first page after signing in has a word of its own.
    client.get("/account")
    seen = client.get(path)
    db.session.remove()
    found = explained(run, path, "--as", "olga")
    assert (found.status, found.bytes["identity"]) == ("200 OK", len(seen.data))
    assert seen.status_code == 200
    assert re.search(rf"\"{found.queries} statements?\"", seen.headers["Server-Timing"])


def test_whoever_has_a_second_factor_still_gets_to_their_account(run: Run, client: FlaskClient) -> None:
    """Signing in half way is nothing to look as: the code was typed."""
    make_user("olga", "administrator")
    switch_on(client, "olga")
    db.session.remove()
    found = explained(run, "/login/code", "--as", "olga")
    assert ("Location", "/account") in found.headers


def test_nobody_looks_as_an_account_that_cannot_sign_in_yet(run: Run, database_url: str, redis_url: str) -> None:
    make_user("zoe")
    by_mail = create_app(settings_for(database_url, redis_url, MAIL_SERVER="127.0.0.1", MAIL_SENDER="a@example.com"))
    with by_mail.app_context():
        told = runner(by_mail)("/", "--as", "zoe")
        db.session.remove()
        db.engine.dispose()
    assert told == (2, "Error: the account zoe has not confirmed its address, so nobody sees anything as zoe\n")
