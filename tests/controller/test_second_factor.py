"""The second factor: switched on by staff, asked for at signing in, and not guessed."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from passlib.totp import TOTP
from sqlalchemy import select
from werkzeug.test import TestResponse

from application.data.models import AuditEntry, User
from application.extensions import db
from tests.controller.people import PASSWORD, make_user, sign_in

SETUP, CODES = "/account/second_factor", "/account/recovery_codes"


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def code(key: str, steps: int = 0) -> str:
    """Return the code of now, or of some steps of half a minute later."""
    totp = TOTP(key=key)
    return str(totp.generate(totp.now() + 30 * steps).token)


def switch_on(client: FlaskClient, name: str, steps: int = 0) -> str:
    """Switch it on and return the secret as the authenticator has it."""
    sign_in(client, name)
    page = client.post(SETUP, data={"setup": "authenticator"})
    assert page.status_code == 200
    key = re.search(r"<code>([A-Z2-7-]+)</code>", page.text)
    action = re.search(r'action="(/account/second_factor/[^"]+)"', page.text)
    assert key
    assert action
    answer = client.post(action[1], data={"code": code(key[1], steps)})
    assert (answer.status_code, answer.location) == (302, "/account"), answer.text
    return key[1]


def make_codes(client: FlaskClient) -> list[str]:
    page = client.post(CODES, data={"generate_new_codes": "1"})
    return re.findall(r"<code>([0-9a-f-]{14})</code>", page.text)


def stored(name: str) -> User:
    db.session.rollback()
    user = db.session.scalar(select(User).where(User.username == name))
    assert user is not None
    return user


def try_code(client: FlaskClient, name: str, typed: str, **headers: Any) -> TestResponse:
    sign_in(client, name)
    return client.post("/login/code", data={"code": typed}, **headers)


def test_an_editor_switches_it_on_and_is_asked_for_a_code(app: Flask, client: FlaskClient) -> None:
    make_user("cyd", "editor")
    key = switch_on(client, "cyd", steps=-1)
    assert "Second step" in client.get("/account").text
    there = app.test_client()
    answer = there.post("/login", data={"email": "cyd", "password": PASSWORD, "next": "/account"})
    assert (answer.status_code, answer.location) == (302, "/login/code?next=/account")
    assert not is_signed_in(there)
    assert there.get("/login/code").headers["Cache-Control"] == "private, no-store"
    wrong = there.post("/login/code", data={"code": "000000"})
    assert 'class="wrong"' in wrong.text
    assert not is_signed_in(there)
    spaced = code(key)
    answer = there.post("/login/code?next=/account", data={"code": f" {spaced[:3]} {spaced[3:]} "})
    assert (answer.status_code, answer.location) == (302, "/account")
    assert is_signed_in(there)
    with there.session_transaction() as session:
        assert not [name for name in session if name.startswith("tf_")]


def test_without_a_place_to_go_it_leads_to_the_front_page(app: Flask, client: FlaskClient) -> None:
    make_user("cyd", "editor")
    key = switch_on(client, "cyd", steps=-1)
    there = app.test_client()
    asked = sign_in(there, "cyd").location
    assert there.get(asked).status_code == 200
    assert there.post(asked, data={"code": code(key)}).location == "/"


def test_a_code_works_once(app: Flask, client: FlaskClient) -> None:
    make_user("cyd", "editor")
    key = switch_on(client, "cyd", steps=-1)
    first, second = app.test_client(), app.test_client()
    seen = code(key)
    try_code(first, "cyd", seen)
    assert is_signed_in(first)
    try_code(second, "cyd", seen)
    assert not is_signed_in(second)


def test_the_picture_is_drawn_here(client: FlaskClient) -> None:
    make_user("cyd", "editor")
    sign_in(client, "cyd")
    page = client.post(SETUP, data={"setup": "authenticator"})
    assert 'src="data:image/svg+xml;base64,' in page.text
    assert "img-src 'self' data:" in page.headers["Content-Security-Policy"]
    assert "http://" not in page.text.replace("http://localhost", "")


def test_secrets_are_stored_unreadable(client: FlaskClient) -> None:
    make_user("cyd", "editor")
    key = switch_on(client, "cyd").replace("-", "")
    codes = make_codes(client)
    user = stored("cyd")
    assert user.tf_totp_secret
    assert key not in user.tf_totp_secret
    assert user.mf_recovery_codes
    assert len(user.mf_recovery_codes) == len(codes) == 10
    assert not set(codes) & set(user.mf_recovery_codes)


def test_a_recovery_code_stands_in_once(app: Flask, client: FlaskClient) -> None:
    make_user("cyd", "editor")
    switch_on(client, "cyd")
    codes = make_codes(client)
    assert all(kept in client.get(f"{CODES}?show_codes=1").text for kept in codes)
    first, second = app.test_client(), app.test_client()
    sign_in(first, "cyd")
    assert "/login/recovery_code" in first.get("/login/code").text
    first.post("/login/recovery_code", data={"code": f" {codes[0].upper()} "})
    assert is_signed_in(first)
    sign_in(second, "cyd")
    answer = second.post("/login/recovery_code", data={"code": codes[0]})
    assert 'class="wrong"' in answer.text
    assert not is_signed_in(second)
    assert "9 recovery codes left" in first.get("/account").text


@pytest.mark.parametrize("role", ["reader", "author"])
def test_it_is_for_staff(client: FlaskClient, role: str) -> None:
    make_user("bob", role)
    sign_in(client, "bob")
    assert SETUP not in client.get("/account").text
    for path in (SETUP, CODES):
        assert client.get(path).status_code == 403
        assert client.post(path, data={"setup": "authenticator"}).status_code == 403


def test_who_is_no_editor_any_more_can_switch_it_off(client: FlaskClient) -> None:
    make_user("cyd", "editor")
    switch_on(client, "cyd")
    make_codes(client)
    user = stored("cyd")
    user.roles = []
    db.session.commit()
    client.post(SETUP, data={"setup": "disable"})
    user = stored("cyd")
    assert (user.tf_primary_method, user.tf_totp_secret) == (None, None)
    assert not user.mf_recovery_codes
    assert client.get(SETUP).status_code == 403


def test_administrators_are_asked_to(client: FlaskClient) -> None:
    make_user("dan", "administrator")
    sign_in(client, "dan")
    page = client.get("/account").text
    assert "You are an administrator, and" in page
    assert "Please protect this account" in page
    client.post("/logout")
    switch_on(client, "dan")
    assert "Please protect this account" not in client.get("/account").text


def test_it_is_noted(client: FlaskClient) -> None:
    cyd = make_user("cyd", "editor")
    switch_on(client, "cyd")
    client.post(SETUP, data={"setup": "disable"})
    db.session.rollback()
    entries = db.session.execute(select(AuditEntry.deed, AuditEntry.subject, AuditEntry.user_name)).all()
    assert [tuple(entry) for entry in entries] == [
        ("second factor switched on", f"account {cyd}", "cyd"),
        ("second factor switched off", f"account {cyd}", "cyd"),
    ]


def test_an_old_session_proves_the_password_first(client: FlaskClient) -> None:
    make_user("cyd", "editor")
    sign_in(client, "cyd", remember="y")
    with client.session_transaction() as session:
        session["fs_paa"] = 0
    asked = client.get(SETUP)
    assert (asked.status_code, asked.location) == (302, f"/verify?next={SETUP}")
    wrong = client.post(asked.location, data={"password": "wrong horse battery"})
    assert 'class="wrong"' in wrong.text
    answer = client.post(asked.location, data={"password": PASSWORD})
    assert (answer.status_code, answer.location) == (302, SETUP)
    assert client.get(SETUP).status_code == 200


def test_codes_cannot_be_guessed(app: Flask, client: FlaskClient) -> None:
    make_user("cyd", "editor")
    key = switch_on(client, "cyd", steps=-1)
    guesser = app.test_client()
    sign_in(guesser, "cyd")
    answers = [guesser.post("/login/code", data={"code": f"{n:06}"}) for n in range(6)]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    assert "from your network" in answers[-1].text
    assert "The six digits" in answers[-1].text
    assert guesser.post("/login/recovery_code", data={"code": "0000-0000-0000"}).status_code == 429
    # The owner, in a browser that has signed in before, and from elsewhere, is not kept out.
    client.post("/logout")
    try_code(client, "cyd", code(key))
    assert is_signed_in(client)
    away = app.test_client()
    sign_in(away, "cyd")
    answer = away.post("/login/code", data={"code": "x"}, environ_overrides={"REMOTE_ADDR": "198.51.100.7"})
    assert answer.status_code == 422


@pytest.mark.parametrize("path", ["/login/code", "/login/recovery_code", "/login/rescue", "/login/method", SETUP])
def test_the_second_step_comes_after_the_first(client: FlaskClient, path: str) -> None:
    make_user("cyd", "editor")
    for answer in (client.get(path), client.post(path, data={"code": "123456"})):
        assert answer.status_code in {302, 303}
        assert not is_signed_in(client)


def test_a_program_gets_its_token_in_two_steps(app: Flask, client: FlaskClient) -> None:
    make_user("cyd", "editor")
    key = switch_on(client, "cyd", steps=-1)
    program = app.test_client()
    first = program.post("/login?include_auth_token", json={"email": "cyd@example.com", "password": PASSWORD}).json
    assert first is not None
    assert first["response"]["tf_required"] is True
    assert "user" not in first["response"]
    second = program.post("/login/code?include_auth_token", json={"code": code(key)}).json
    assert second is not None
    token = second["response"]["user"]["authentication_token"]
    headers = {"Authentication-Token": token}
    assert app.test_client().get("/me", headers=headers).json["name"] == "cyd"  # type: ignore[index]


def test_a_token_alone_cannot_switch_it_off(app: Flask, client: FlaskClient) -> None:
    make_user("cyd", "editor")
    form = {"email": "cyd@example.com", "password": PASSWORD}
    answer = client.post("/login?include_auth_token", json=form).json
    assert answer is not None
    headers = {"Authentication-Token": answer["response"]["user"]["authentication_token"]}
    program = app.test_client()
    refused = program.post(SETUP, json={"setup": "authenticator"}, headers=headers)
    assert refused.status_code == 401
