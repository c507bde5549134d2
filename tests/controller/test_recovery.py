"""Letters: a forgotten password, an address to confirm, another address; and what a stranger can learn from them."""

import socket
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from application import create_app
from application.config import Settings, SettingsError, load_settings
from application.data.models import User
from application.data.types import utc_now
from application.extensions import db, limiter
from application.utils.aside import wait_for_all
from tests.conftest import settings_for
from tests.controller.conftest import Browser
from tests.controller.people import PASSWORD, make_user, sign_in
from tests.letter_box import LetterBox, letter_box, link_in

BY_MAIL = ("/forgotten_password", "/confirm_address", "/account/address")
NEW = {"email": "grace@example.com", "username": "grace", "password": PASSWORD, "password_confirm": PASSWORD}
OTHER = "another horse battery"


@pytest.fixture
def box() -> Iterator[LetterBox]:
    with letter_box() as box:
        yield box


@pytest.fixture
def settings(database_url: str, redis_url: str, box: LetterBox) -> Settings:
    mail = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(box.port), "MAIL_USE_TLS": "0"}
    return settings_for(database_url, redis_url, MAIL_SENDER="Broadsheet <desk@example.com>", **mail)


@pytest.fixture
def app(app: Flask) -> Iterator[Flask]:
    app.test_client_class = Browser
    yield app
    wait_for_all(20)


def confirmed(name: str, *roles: str) -> int:
    user_id = make_user(name, *roles)
    user = find(name)
    user.confirmed_at = utc_now()
    db.session.commit()
    return user_id


def find(name: str) -> User:
    db.session.rollback()
    user = db.session.scalar(select(User).where(User.username == name))
    assert user is not None
    return user


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def test_without_mail_nothing_that_needs_it_exists(database_url: str, redis_url: str) -> None:
    app = create_app(settings_for(database_url, redis_url))
    with app.app_context():
        app.test_client_class = Browser
        make_user("grace", "reader")
        client = app.test_client()
        for path in BY_MAIL:
            assert client.get(path).status_code == 404
        pages = [client.get("/login").text, client.get("/register").text]
        sign_in(client, "grace")
        pages.append(client.get("/account").text)
        for path in BY_MAIL:
            assert not any(path in page for page in pages)
        for engine in db.engines.values():
            engine.dispose()


def test_mail_without_a_sender_or_a_password_in_the_clear_is_refused() -> None:
    with pytest.raises(SettingsError, match="MAIL_SENDER"):
        load_settings({"ENV": "test", "MAIL_SERVER": "mail.example.com"})
    clear = {"ENV": "test", "MAIL_SERVER": "mail.example.com", "MAIL_SENDER": "a@example.com"}
    with pytest.raises(SettingsError, match="MAIL_USE_TLS"):
        load_settings({**clear, "MAIL_PASSWORD": "secret", "MAIL_USE_TLS": "0"})


def test_a_new_reader_confirms_the_address_and_signs_in(client: FlaskClient, box: LetterBox) -> None:
    assert client.post("/register", data=NEW).status_code == 303
    letter = box.next()
    assert letter["To"] == "grace@example.com"
    assert letter["From"] == "Broadsheet <desk@example.com>"
    sign_in(client, "grace")
    assert not is_signed_in(client)
    opened = client.get(link_in(letter))
    assert opened.status_code == 303
    assert "is confirmed" in client.get("/login").text
    assert sign_in(client, "grace").status_code == 302
    assert is_signed_in(client)


def test_a_letter_for_the_address_can_be_asked_for_again(client: FlaskClient, box: LetterBox) -> None:
    make_user("grace", "reader")
    client.post("/confirm_address", data={"email": "Grace@Example.com"})
    client.get(link_in(box.next()))
    assert find("grace").confirmed_at is not None
    client.post("/confirm_address", data={"email": "grace@example.com"})
    assert box.is_empty()


def test_registering_a_known_address_tells_its_owner_alone(app: Flask, box: LetterBox) -> None:
    confirmed("ada", "reader")
    known = app.test_client().post("/register", data={**NEW, "email": "ada@example.com", "username": "lovelace"})
    new = app.test_client().post("/register", data=NEW)
    assert (known.status_code, known.location) == (new.status_code, new.location)
    letters = {letter["To"]: str(letter.get_content()) for letter in (box.next(), box.next())}  # type: ignore[attr-defined]
    assert "account already" in letters["ada@example.com"]
    assert "/confirm_address/" in letters["grace@example.com"]
    # And neither can sign in with what was typed, so that this tells nothing either.
    for address in letters:
        client = app.test_client()
        answer = client.post("/login", data={"email": address, "password": OTHER})
        assert "Authentication failed" in answer.text


def test_who_registers_an_address_of_another_learns_nothing_afterwards_either(app: Flask, box: LetterBox) -> None:
    """By signing in with what was typed, and by asking for the name once more."""
    confirmed("ada", "reader")
    seen = []
    for email, name in (("ada@example.com", "lovelace"), ("nobody@example.com", "hopper")):
        client = app.test_client()
        form = {**NEW, "email": email, "username": name, "password": OTHER, "password_confirm": OTHER}
        client.post("/register", data=form)
        client.get("/login")
        answers = [
            client.post("/login", data={"email": email, "password": OTHER}),
            client.post("/login", data={"email": name, "password": OTHER}),
            client.post("/login", json={"email": email, "password": OTHER}),
            client.post("/register", data={**form, "email": "other@example.com"}),
        ]
        texts = [answer.text.split("made at")[0].replace(email, "EMAIL").replace(name, "NAME") for answer in answers]
        seen.append([(answer.status_code, text) for answer, text in zip(answers, texts, strict=True)])
    assert seen[0] == seen[1]


def test_a_forgotten_password_is_replaced(app: Flask, client: FlaskClient, box: LetterBox) -> None:
    make_user("grace", "reader")
    elsewhere = app.test_client()
    found = find("grace")
    found.confirmed_at = utc_now()
    db.session.commit()
    sign_in(elsewhere, "grace")
    assert client.post("/forgotten_password", data={"email": "GRACE@example.com"}).status_code == 303
    link = link_in(box.next())
    page = client.get(link)
    assert page.status_code == 200
    assert "no-store" in page.headers["Cache-Control"]
    short = client.post(link, data={"password": "short", "password_confirm": "short"})
    assert 'class="wrong"' in short.text
    client.post(link, data={"password": OTHER, "password_confirm": OTHER})
    assert "was changed" in box.next()["Subject"]
    assert not is_signed_in(elsewhere)
    sign_in(client, "grace")
    assert not is_signed_in(client)
    sign_in(client, "grace", OTHER)
    assert is_signed_in(client)
    # The link works once.
    stranger = app.test_client()
    stranger.post(link, data={"password": PASSWORD, "password_confirm": PASSWORD})
    sign_in(stranger, "grace")
    assert not is_signed_in(stranger)


def test_a_letter_proves_the_address(client: FlaskClient, box: LetterBox) -> None:
    make_user("grace", "reader")
    client.post("/forgotten_password", data={"email": "grace@example.com"})
    client.post(link_in(box.next()), data={"password": OTHER, "password_confirm": OTHER})
    assert find("grace").confirmed_at is not None


@pytest.mark.parametrize("path", ["/forgotten_password", "/confirm_address"])
def test_a_stranger_cannot_tell_a_known_address_from_an_unknown_one(app: Flask, box: LetterBox, path: str) -> None:
    make_user("grace", "reader")
    disabled = make_user("bob", "reader")
    user = db.session.get(User, disabled)
    assert user is not None
    user.active = False
    db.session.commit()
    seen = []
    for name in ("grace", "nobody", "bob"):
        client = app.test_client()
        answer = client.post(path, data={"email": f"{name}@example.com"})
        page = client.get(answer.location).text.split("made at")[0]
        seen.append((answer.status_code, answer.location, page))
    assert seen[0] == seen[1] == seen[2]
    assert box.next()["To"] == "grace@example.com"
    assert box.is_empty()


@pytest.mark.parametrize("email", ["", "grace", "a" * 300 + "@example.com", "grace@example..com"])
def test_what_is_no_address_is_said_beside_the_field(client: FlaskClient, email: str) -> None:
    answer = client.post("/forgotten_password", data={"email": email})
    assert answer.status_code == 422
    assert 'class="wrong"' in answer.text


def test_a_link_begins_with_the_sites_own_address(client: FlaskClient, box: LetterBox) -> None:
    make_user("grace", "reader")
    client.post("/forgotten_password", data={"email": "grace@example.com"}, headers={"Host": "127.0.0.1"})
    assert "http://localhost/forgotten_password/" in str(box.next().get_content())  # type: ignore[attr-defined]


def test_another_address_is_theirs_once_its_letter_is_opened(client: FlaskClient, box: LetterBox) -> None:
    confirmed("grace", "reader")
    sign_in(client, "grace")
    assert client.post("/account/address", data={"email": "Hopper@Example.com"}).status_code == 303
    assert find("grace").email == "grace@example.com"
    client.get(link_in(box.next()))
    assert find("grace").email == "hopper@example.com"
    assert client.post("/account/address", data={"email": "no address"}).status_code == 422


def test_changing_to_a_known_address_tells_nothing(client: FlaskClient, box: LetterBox) -> None:
    confirmed("grace", "reader")
    confirmed("ada", "reader")
    sign_in(client, "grace")
    client.post("/account/address", data={"email": "ada@example.com"})
    known = client.get("/account").text.split("made at")[0]
    client.post("/account/address", data={"email": "new@example.com"})
    assert client.get("/account").text.split("made at")[0] == known
    assert box.next()["To"] == "new@example.com"
    assert box.is_empty()


def test_a_mailbox_is_not_flooded(app: Flask, client: FlaskClient, box: LetterBox) -> None:
    for name in ("grace", "nobody"):
        statuses = [
            client.post("/forgotten_password", data={"email": f"{name}@example.com"}).status_code for _ in range(6)
        ]
        assert statuses == [303] * 5 + [429]


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_mail_server_that_is_away_is_nobodys_business(app: Flask, client: FlaskClient, box: LetterBox) -> None:
    make_user("grace", "reader")
    app.config["SETTINGS"] = app.config["SETTINGS"].model_copy(update={"mail_port": unused_port()})
    assert client.post("/forgotten_password", data={"email": "grace@example.com"}).status_code == 303
    wait_for_all(20)
    assert box.is_empty()
    assert client.get("/login").status_code == 200


def test_limits_hold_no_addresses(app: Flask, client: FlaskClient, redis_client: object, box: LetterBox) -> None:
    client.post("/forgotten_password", data={"email": "grace@example.com"})
    names = [str(key) for key in redis_client.keys("*limit*")]  # type: ignore[attr-defined]
    assert names
    assert not any("grace" in name for name in names)
    assert limiter.enabled
