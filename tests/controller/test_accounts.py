"""Registering, signing in and out, in every way that a stranger can try."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from application.config import Settings
from application.data.models import Profile, User
from application.extensions import db
from tests.controller.people import PASSWORD, make_article, make_user, sign_in
from tests.locks import locked

NEW = {"email": "grace@example.com", "username": "grace", "password": PASSWORD, "password_confirm": PASSWORD}


def count_users() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(User)) or 0


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def test_register_sign_in_and_out(client: FlaskClient) -> None:
    registered = client.post("/register", data=NEW)
    assert (registered.status_code, registered.location) == (303, "/login")
    assert "already had an account" in client.get("/login").text
    answer = sign_in(client, "grace")
    assert (answer.status_code, answer.location) == (302, "/")
    page = client.get("/account")
    assert "grace" in page.text
    assert "reader" in page.text
    client.post("/logout")
    assert not is_signed_in(client)


def test_the_stored_password_is_bcrypt(client: FlaskClient) -> None:
    client.post("/register", data=NEW)
    stored = db.session.scalar(select(User.password))
    assert stored is not None
    assert stored.startswith("$2b$")


@pytest.mark.parametrize("typed", ["grace@example.com", "GRACE@Example.COM", " grace@example.com ", "grace", "GRACE"])
def test_one_may_sign_in_by_address_or_name_in_any_case(client: FlaskClient, typed: str) -> None:
    make_user("grace", "reader")
    client.post("/login", data={"email": typed, "password": PASSWORD})
    assert is_signed_in(client)


@pytest.mark.parametrize(
    "form",
    [
        {"email": "grace@example.com", "password": "wrong horse battery"},
        {"email": "nobody@example.com", "password": PASSWORD},
        {"email": "nobody", "password": PASSWORD},
        {"email": "no\x7fbody", "password": PASSWORD},
        {"email": "", "password": ""},
        {"email": "grace@example.com"},
        {"email": "x" * 5000, "password": "y" * 5000},
        {},
    ],
)
def test_a_failed_sign_in_tells_nothing(client: FlaskClient, form: dict[str, str]) -> None:
    make_user("grace", "reader")
    answer = client.post("/login", data=form)
    assert answer.status_code == 422
    assert answer.text.count("Authentication failed") >= 1
    for telling in ("does not exist", "Invalid password", "not registered", "provided"):
        assert telling not in answer.text
    assert not is_signed_in(client)


def test_a_known_address_is_answered_like_a_new_one(app: Flask) -> None:
    make_user("ada", "reader")
    known = app.test_client().post("/register", data={**NEW, "email": "ADA@example.com"})
    new = app.test_client().post("/register", data=NEW)
    assert (known.status_code, known.location) == (new.status_code, new.location) == (303, "/login")
    names = [[header.split("=")[0] for header in answer.headers.getlist("Set-Cookie")] for answer in (known, new)]
    assert names[0] == names[1]
    assert count_users() == 2


def test_a_known_address_keeps_its_password(client: FlaskClient) -> None:
    make_user("grace", "reader")
    client.post(
        "/register", data={**NEW, "username": "other", "password": "stolen horse", "password_confirm": "stolen horse"}
    )
    assert sign_in(client, "grace").status_code == 302


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "a"),
        ("username", "a" * 41),
        ("username", "two words"),
        ("username", ".."),
        ("username", "-ada"),
        ("username", "ada."),
        ("username", "a..b"),
        ("username", "a/b"),
        ("username", "<b>ada</b>"),
        ("username", "ad\u200ba"),
        ("username", "\u3164\u3164"),
        ("username", "Admin"),
        ("username", "ADMINISTRATOR"),
        ("username", "me"),
        ("username", "аdmin"),
        ("username", "асе"),
        ("username", "adm1n"),
        ("username", ""),
        ("email", "grace"),
        ("email", "grace@"),
        ("email", "grace@example..com"),
        ("email", "a" * 300 + "@example.com"),
        ("email", ""),
        ("password", "short"),
        ("password", "password"),
        ("password", "12345678"),
        ("password", "grace2024"),
        ("password", "x" * 1001),
        ("password", ""),
        ("password_confirm", "another one entirely"),
    ],
)
def test_what_cannot_be_registered_is_said_beside_its_field(client: FlaskClient, field: str, value: str) -> None:
    answer = client.post("/register", data={**NEW, field: value})
    assert answer.status_code == 422
    assert 'class="wrong"' in answer.text
    assert count_users() == 0
    # Nothing typed is lost, but passwords are never sent back.
    if field != "username":
        assert 'value="grace"' in answer.text
    assert PASSWORD not in answer.text


def test_a_taken_name_is_said_to_be_taken(client: FlaskClient) -> None:
    make_user("ada", "reader")
    answer = client.post("/register", data={**NEW, "username": "ADA"})
    assert answer.status_code == 422
    assert "taken" in answer.text


def test_a_name_that_reads_as_somebodys_is_taken(client: FlaskClient) -> None:
    make_user("yilmaz", "reader")
    answer = client.post("/register", data={**NEW, "username": "Yılmaz"})
    assert answer.status_code == 422
    assert "taken" in answer.text


def test_a_name_from_before_the_rule_still_signs_in(client: FlaskClient) -> None:
    make_user("аda", "reader")
    assert client.post("/login", data={"email": "аda", "password": PASSWORD}).status_code == 302


def test_a_sign_in_that_fails_says_so_with_its_status(client: FlaskClient) -> None:
    make_user("grace", "reader")
    page = client.post("/login", data={"email": "grace", "password": "wrong horse"})
    assert page.status_code == 422
    assert 'value="grace"' in page.text
    assert client.post("/login", json={"email": "grace", "password": "wrong horse"}).status_code == 400
    assert client.get("/login").status_code == 200


def test_nobody_can_register_as_an_imported_author(client: FlaskClient) -> None:
    db.session.add(Profile(user_name="straße".casefold(), display_name="Straße", biography=""))
    db.session.commit()
    answer = client.post("/register", data={**NEW, "username": "Straße"})
    assert answer.status_code == 422
    assert count_users() == 0


def test_names_are_stored_folded(client: FlaskClient) -> None:
    client.post("/register", data={**NEW, "email": "Grace.Hopper@EXAMPLE.com", "username": "Ame\u0301lie"})
    user = db.session.scalar(select(User))
    assert user is not None
    assert (user.email, user.username) == ("grace.hopper@example.com", "am\u00e9lie")


@pytest.mark.parametrize("path", ["/login", "/register", "/account", "/create_article"])
def test_account_pages_are_never_kept(client: FlaskClient, path: str) -> None:
    assert client.get(path).headers["Cache-Control"] == "private, no-store"


def test_signing_out_needs_a_post(client: FlaskClient) -> None:
    make_user("grace", "reader")
    sign_in(client, "grace")
    assert client.get("/logout").status_code == 405
    assert is_signed_in(client)


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "https:///evil.example",
        "https://evil.example/",
        "http://localhost@evil.example",
        "javascript:alert(1)",
        " //evil.example",
        "\t//evil.example",
        "http://[",
        "%2f%2fevil.example",
    ],
)
@pytest.mark.parametrize("place", ["query", "form"])
def test_nobody_is_led_elsewhere_after_signing_in(app: Flask, target: str, place: str) -> None:
    make_user("grace", "reader")
    client = app.test_client()
    form = {"email": "grace@example.com", "password": PASSWORD}
    if place == "query":
        answer = client.post("/login", query_string={"next": target}, data=form)
    else:
        answer = client.post("/login", data={**form, "next": target})
    assert answer.status_code == 400
    assert "evil" not in answer.text
    assert not is_signed_in(client)


def test_one_is_led_back_to_where_one_wanted_to_go(client: FlaskClient) -> None:
    make_user("ada", "author")
    asked = client.get("/create_article")
    assert asked.status_code == 302
    answer = client.post(asked.location, data={"email": "ada@example.com", "password": PASSWORD})
    assert answer.location == "/create_article"


def test_a_session_from_before_is_dead_after_signing_in(app: Flask) -> None:
    make_user("grace", "reader")
    attacker, victim = app.test_client(), app.test_client()
    attacker.get("/login")
    planted = attacker.get_cookie("session")
    assert planted is not None
    victim.set_cookie("session", planted.value)
    with victim.session_transaction() as session:
        session["planted"] = "here before"
    sign_in(victim, "grace")
    given = victim.get_cookie("session")
    assert given is not None
    assert given.value != planted.value
    with victim.session_transaction() as session:
        assert "planted" not in session
    assert is_signed_in(victim)
    assert not is_signed_in(attacker)


def test_the_cookies_of_a_sign_in(client: FlaskClient) -> None:
    make_user("grace", "reader")
    answer = sign_in(client, "grace", remember="y")
    cookies = {header.split("=")[0]: header for header in answer.headers.getlist("Set-Cookie")}
    assert cookies.keys() == {"session", "remember_token", "signed_in", "known_device"}
    assert all("SameSite=Lax" in header for header in cookies.values())
    assert "HttpOnly" in cookies["session"]
    assert "HttpOnly" in cookies["remember_token"]
    assert "HttpOnly" in cookies["known_device"]
    assert "HttpOnly" not in cookies["signed_in"]
    gone = client.post("/logout").headers.getlist("Set-Cookie")
    assert any(header.startswith("signed_in=;") for header in gone)
    assert client.get_cookie("signed_in") is None
    assert client.get_cookie("remember_token") is None


def test_being_remembered_outlives_the_session(client: FlaskClient) -> None:
    make_user("grace", "reader")
    sign_in(client, "grace", remember="y")
    client.delete_cookie("session")
    assert is_signed_in(client)


def test_signing_in_writes_nothing(client: FlaskClient) -> None:
    make_user("grace", "reader")
    before = db.session.execute(select(User.__table__)).all()
    sign_in(client, "grace")
    db.session.rollback()
    assert db.session.execute(select(User.__table__)).all() == before


def test_a_disabled_account_stays_outside(client: FlaskClient) -> None:
    user = db.session.get(User, make_user("grace", "reader"))
    assert user is not None
    sign_in(client, "grace")
    user.active = False
    db.session.commit()
    assert not is_signed_in(client)
    sign_in(client, "grace")
    assert not is_signed_in(client)


def test_a_token_stands_in_for_a_session(app: Flask, client: FlaskClient) -> None:
    article_id, _ = make_article(make_user("ada", "author"))
    form = {"email": "ada@example.com", "password": PASSWORD}
    signed_in = client.post("/login?include_auth_token", json=form)
    assert signed_in.json is not None
    token = signed_in.json["response"]["user"]["authentication_token"]
    program = app.test_client()
    headers = {"Authentication-Token": token, "Accept": "application/json"}
    assert program.post(f"/article_like/{article_id}", headers=headers).status_code == 200
    assert program.get_cookie("liker") is None
    mine = program.get(f"/me?article={article_id}", headers=headers)
    assert mine.json is not None
    assert mine.json | {"name": "ada", "liked": True, "can_write": True} == mine.json


def test_guessing_passwords_is_slowed_down(client: FlaskClient) -> None:
    statuses = [client.post("/login", data={"email": "", "password": ""}).status_code for _ in range(121)]
    assert statuses[-1] == 429
    assert client.get("/login").status_code == 200


def test_the_forms_have_no_token_and_no_third_party(client: FlaskClient) -> None:
    for path in ("/login", "/register"):
        page = client.get(path).text
        assert "csrf" not in page
        assert "https://" not in page


def test_a_busy_database_keeps_what_was_typed(client: FlaskClient, settings: Settings) -> None:
    with locked(settings.database_url, "users"):
        answer = client.post("/register", data=NEW)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "no account was made" in answer.text
    assert f'value="{NEW["username"]}"' in answer.text
    assert f'value="{NEW["email"]}"' in answer.text
    assert NEW["password"] not in answer.text
    assert client.post("/register", data=NEW).status_code == 303
