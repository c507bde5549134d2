"""A session lasts until its owner ends it."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_security.change_email import _generate_token as token_for_address
from flask_security.confirmable import generate_confirmation_token
from flask_security.recoverable import generate_reset_password_token
from sqlalchemy import select, update

from application.config import Settings
from application.data.models import User
from application.data.types import utc_now
from application.extensions import db
from application.utils.aside import wait_for_all
from tests.conftest import settings_for
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
        if "GET" not in (rule.methods or ()) or rule.endpoint == "live.stream":
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
