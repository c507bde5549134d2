"""A session lasts until its owner ends it, and no longer."""

import time
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_security.change_email import _generate_token as token_for_address
from flask_security.confirmable import generate_confirmation_token
from flask_security.recoverable import generate_reset_password_token
from sqlalchemy import event, select, update

from application import create_app
from application.config import Settings
from application.data.models import User
from application.data.types import utc_now
from application.extensions import db
from application.utils import session_keys
from application.utils.aside import wait_for_all
from tests.conftest import settings_for
from tests.controller.conftest import Browser
from tests.controller.people import make_article, make_user, sign_in


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    """Every address there is: some exist only where mail is set up."""
    mail = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": "9", "MAIL_SENDER": "site@example.com"}
    return settings_for(database_url, redis_url, **mail)


@pytest.fixture
def app(app: Flask) -> Iterator[Flask]:
    yield app
    wait_for_all(20)


def find(name: str) -> User:
    db.session.rollback()
    user = db.session.scalar(select(User).where(User.username == name))
    assert user is not None
    return user


def confirm_all() -> None:
    db.session.execute(update(User).values(confirmed_at=utc_now()))
    db.session.commit()


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def addresses(app: Flask) -> list[str]:
    """Return everything that a link can lead to, with tokens that are good where there can be good ones."""
    parts = {
        "<int:article_id>": "1",
        "<int:feedback_id>": "1",
        "<int:number>": "1",
        "<slug>": "walking",
        "<user_name>": "ada",
        "<tag>": "walking",
        "<path:filename>": "site.css",
        "<statement>": "made-up",
    }
    tokens: dict[str, list[str]] = {}
    with app.test_request_context():
        # What anybody can have made for an account of their own, and then send to somebody else.
        mallory = find("mallory")
        tokens["security.confirm_email"] = [str(generate_confirmation_token(mallory))]  # type: ignore[no-untyped-call]
        tokens["security.reset_password"] = [str(generate_reset_password_token(mallory))]  # type: ignore[no-untyped-call]
        tokens["security.change_email_confirm"] = [str(token_for_address(mallory, "new@example.com"))]  # type: ignore[no-untyped-call]
    found = []
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint in {"live.stream", "console.ticks"}:
            continue
        address = str(rule)
        for part, value in parts.items():
            address = address.replace(part, value)
        found += [address.replace("<token>", token) for token in ["made-up", *tokens.get(rule.endpoint, [])]]
    assert not [address for address in found if "<" in address], "say in this test what stands for the part"
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("role", ["reader", "administrator"])
def test_no_link_signs_anybody_out(app: Flask, client: FlaskClient, role: str) -> None:
    make_user("grace", role)
    ada = make_user("ada", "author")
    confirm_all()
    make_user("mallory", "reader")
    make_article(ada, "Walking")
    sign_in(client, "grace")
    for address in addresses(app):
        client.get(address).close()
        assert is_signed_in(client), f"GET {address} has ended the session"


@pytest.mark.parametrize("path", ["/login/code", "/login/method", "/login/recovery_code", "/login/rescue"])
def test_no_form_of_the_second_step_signs_anybody_out(client: FlaskClient, path: str) -> None:
    make_user("edith", "editor")
    confirm_all()
    sign_in(client, "edith")
    answer = client.post(path, data={"code": "123456"})
    assert answer.status_code in {302, 303}
    assert is_signed_in(client)


def test_the_second_step_leads_home_who_is_signed_in(client: FlaskClient) -> None:
    make_user("edith", "editor")
    confirm_all()
    sign_in(client, "edith")
    answer = client.get("/login/code")
    assert (answer.status_code, answer.location) == (303, "/account")
    assert "from the beginning" not in client.get("/account").text


def test_somebody_elses_address_is_confirmed_without_leaving_ones_own_session(app: Flask, client: FlaskClient) -> None:
    make_user("grace", "reader")
    confirm_all()
    make_user("mallory", "reader")
    with app.test_request_context():
        token = generate_confirmation_token(find("mallory"))  # type: ignore[no-untyped-call]
    sign_in(client, "grace")
    client.get(f"/confirm_address/{token}")
    assert find("mallory").confirmed_at is not None
    assert "grace@example.com" in client.get("/account").text


# Signing out.


def copy_of(client: FlaskClient, app: Flask, *names: str) -> FlaskClient:
    """Return a browser to which somebody has carried these cookies."""
    other = app.test_client()
    for name in names:
        cookie = client.get_cookie(name)
        assert cookie is not None
        other.set_cookie(name, cookie.value)
    return other


@pytest.mark.parametrize("cookie", ["session", "remember_token"])
def test_a_copied_session_ends_with_its_own(app: Flask, client: FlaskClient, cookie: str) -> None:
    make_user("grace", "reader")
    confirm_all()
    sign_in(client, "grace", remember="y")
    copies = [copy_of(client, app, cookie) for _ in range(2)]
    assert is_signed_in(copies[0])
    assert copies[0].get("/me").json["name"] == "grace"  # type: ignore[index]
    client.post("/logout")
    for copy in copies:
        assert copy.get("/me").json["name"] is None  # type: ignore[index]
        assert not is_signed_in(copy)


def test_being_remembered_ends_also_where_the_session_began_with_the_browser(app: Flask, client: FlaskClient) -> None:
    make_user("grace", "reader")
    confirm_all()
    sign_in(client, "grace", remember="y")
    copy = copy_of(client, app, "remember_token")
    client.delete_cookie("session")
    client.post("/logout")
    assert not is_signed_in(copy)


def test_signing_out_here_leaves_other_sessions_alone(app: Flask, client: FlaskClient) -> None:
    make_user("grace", "reader")
    confirm_all()
    elsewhere = app.test_client()
    sign_in(elsewhere, "grace")
    sign_in(client, "grace")
    client.post("/logout")
    client.post("/logout")
    assert is_signed_in(elsewhere)
    sign_in(client, "grace")
    assert is_signed_in(client)


@pytest.mark.parametrize(
    "key", ["{0}", "{0}.", "{0}.x-1", ".{1}-1", "{0}.{2}-1", "nobody.{1}-1", "{0}.{1}" + "-1" * 40]
)
def test_an_old_or_made_up_key_opens_nothing(client: FlaskClient, key: str) -> None:
    make_user("grace", "reader")
    confirm_all()
    uniquifier, now = find("grace").fs_uniquifier, int(time.time())
    old = now - int(session_keys.LIFETIME.total_seconds()) - 60
    with client.session_transaction() as session:
        session["_user_id"] = f"{uniquifier}.{now:x}-1"
    assert is_signed_in(client)
    with client.session_transaction() as session:
        session["_user_id"] = key.format(uniquifier, f"{now:x}", f"{old:x}")
    assert client.get("/me").json["name"] is None  # type: ignore[index]
    assert not is_signed_in(client)


def test_a_session_is_looked_up_with_its_account_at_once(client: FlaskClient) -> None:
    make_user("grace", "reader")
    confirm_all()
    sign_in(client, "grace")
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    client.get("/verify")
    event.remove(db.engine, "before_cursor_execute", note)
    assert len([statement for statement in statements if "SELECT" in statement]) == 1, statements


def test_by_https_every_cookie_insists_on_it(database_url: str, redis_url: str) -> None:
    app = create_app(settings_for(database_url, redis_url, SITE_URL="https://localhost"))
    with app.app_context():
        app.test_client_class = Browser
        article_id, _ = make_article(make_user("ada", "author"))
        client = app.test_client()
        answers = [client.post(f"/article_like/{article_id}"), sign_in(client, "ada", remember="y")]
        cookies = [header for answer in answers for header in answer.headers.getlist("Set-Cookie")]
        names = {header.partition("=")[0] for header in cookies}
        assert names == {"liker", "has_likes", "session", "remember_token", "signed_in", "known_device"}
        assert all("Secure" in header and "SameSite=Lax" in header for header in cookies)
        for engine in db.engines.values():
            engine.dispose()
