"""Guessing passwords: the guesser is shut out, the owner is not."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from application import create_app
from application.controller.limits import in_words
from application.extensions import db, limiter
from tests.conftest import settings_for
from tests.controller.conftest import Browser
from tests.controller.markup import Markup
from tests.controller.people import PASSWORD, make_user, sign_in
from tests.controller.test_recovery import unused_port

TRIES = 10
ELSEWHERE = "198.51.100.7"


def guess(client: FlaskClient, name: str = "grace@example.com", address: str = "192.0.2.1") -> TestResponse:
    form = {"email": name, "password": "wrong horse battery"}
    return client.post("/login", data=form, environ_overrides={"REMOTE_ADDR": address})


def statuses(client: FlaskClient, count: int, **how: str) -> list[int]:
    return [guess(client, **how).status_code for _ in range(count)]


def own(client: FlaskClient, address: str) -> TestResponse:
    form = {"email": "grace@example.com", "password": PASSWORD}
    return client.post("/login", data=form, environ_overrides={"REMOTE_ADDR": address})


def test_a_guesser_is_shut_out_for_one_account(app: Flask, client: FlaskClient) -> None:
    make_user("grace", "reader")
    make_user("ada", "reader")
    assert statuses(client, TRIES + 1) == [422] * TRIES + [429]
    # Not even the right password helps them now.
    assert own(client, "192.0.2.1").status_code == 429
    assert guess(client, "ada@example.com").status_code == 422


def test_a_new_address_of_the_same_network_does_not_help(app: Flask, client: FlaskClient) -> None:
    make_user("grace", "reader")
    statuses(client, TRIES)
    assert guess(client, address="192.0.2.200").status_code == 429
    six = app.test_client()
    assert statuses(six, TRIES, address="2001:db8:1:2::1")[-1] == 422
    assert guess(six, address="2001:db8:1:ffff::9").status_code == 429


@pytest.mark.parametrize("spelling", ["GRACE@example.com", " grace@EXAMPLE.com", "grace@ｅxample.com"])
def test_another_spelling_does_not_help(client: FlaskClient, spelling: str) -> None:
    make_user("grace", "reader")
    statuses(client, TRIES)
    assert guess(client, spelling).status_code == 429


def test_the_owner_gets_in_from_another_network(app: Flask, client: FlaskClient) -> None:
    make_user("grace", "reader")
    statuses(client, TRIES + 5)
    owner = app.test_client()
    assert own(owner, ELSEWHERE).status_code == 302
    assert owner.get("/account").status_code == 200


def test_the_owner_gets_in_with_a_known_browser_from_the_same_network(app: Flask, client: FlaskClient) -> None:
    make_user("grace", "reader")
    owner = app.test_client()
    assert own(owner, "192.0.2.1").status_code == 302
    owner.post("/logout")
    statuses(client, TRIES + 5)
    assert own(app.test_client(), "192.0.2.1").status_code == 429
    assert own(owner, "192.0.2.1").status_code == 302


def test_a_known_browser_is_known_to_its_own_account_alone(app: Flask, client: FlaskClient) -> None:
    make_user("grace", "reader")
    make_user("mallory", "reader")
    sign_in(client, "mallory")
    client.post("/logout")
    assert statuses(client, TRIES + 1)[-1] == 429
    forged = app.test_client()
    forged.set_cookie("known_device", "forged")
    assert guess(forged).status_code == 429


def test_a_stolen_browser_has_no_more_tries(client: FlaskClient) -> None:
    make_user("grace", "reader")
    own(client, "192.0.2.1")
    client.post("/logout")
    assert statuses(client, TRIES + 1, address=ELSEWHERE)[-1] == 429


def test_a_right_password_clears_the_count(app: Flask, client: FlaskClient) -> None:
    make_user("grace", "reader")
    for _ in range(3):
        assert set(statuses(app.test_client(), TRIES - 1)) == {422}
        assert own(app.test_client(), "192.0.2.1").status_code == 302


def test_whether_there_is_an_account_makes_no_difference(client: FlaskClient) -> None:
    make_user("grace", "reader")
    known = statuses(client, TRIES + 2)
    assert statuses(client, TRIES + 2, name="nobody@example.com") == known


def test_one_address_has_a_limit_of_its_own(client: FlaskClient) -> None:
    answers = [guess(client, f"name{number}@example.com").status_code for number in range(121)]
    assert answers.count(429) == 1
    assert guess(client, "more@example.com", ELSEWHERE).status_code == 422


def test_many_networks_are_worth_no_more_than_a_few(app: Flask, client: FlaskClient) -> None:
    make_user("grace", "reader")
    make_user("ada", "reader")
    owner = app.test_client()
    assert own(owner, ELSEWHERE).status_code == 302
    owner.post("/logout")
    for network in range(10):
        assert set(statuses(client, TRIES, address=f"203.0.{network}.1")) == {422}
    assert guess(client, address="203.0.200.1").status_code == 429
    assert guess(client, "ada@example.com", "203.0.200.1").status_code == 422
    # Nobody but a browser that the owner has used before gets further, from whatever network.
    assert own(app.test_client(), "192.0.2.99").status_code == 429
    assert own(owner, "203.0.200.1").status_code == 302
    # What the owner had right with it does not let the guessers begin again.
    assert guess(client, address="203.0.201.1").status_code == 429


def test_a_signed_in_thief_cannot_guess_the_password_either(client: FlaskClient) -> None:
    make_user("grace", "reader")
    sign_in(client, "grace")
    form = {"password": "wrong", "new_password": "another horse", "new_password_confirm": "another horse"}
    for path in ("/account/password", "/verify", "/account/delete"):
        answers = [client.post(path, data=form).status_code for _ in range(TRIES + 1)]
        assert answers[-1] == 429
        assert 429 not in answers[:-1]


def test_the_limit_holds_without_redis(database_url: str) -> None:
    app = create_app(settings_for(database_url, f"redis://127.0.0.1:{unused_port()}"))
    with app.app_context():
        app.test_client_class = Browser
        try:
            make_user("grace", "reader")
            assert statuses(app.test_client(), TRIES + 1)[-1] == 429
            assert own(app.test_client(), ELSEWHERE).status_code == 302
        finally:
            limiter._storage_dead = False
            for engine in db.engines.values():
                engine.dispose()


# What is said to whoever is shut out.


def shown(answer: TestResponse) -> str:
    """Return the message above the form."""
    return answer.text.split('role="alert"')[1].split("</div>")[0]


def test_who_is_shut_out_hears_why_and_for_how_long_beside_the_form(app: Flask, client: FlaskClient) -> None:
    make_user("grace", "reader")
    statuses(client, TRIES)
    answer = guess(client)
    assert answer.status_code == 429
    seconds = int(answer.headers["Retry-After"])
    assert f"Try again {in_words(seconds)}." in shown(answer)
    assert "wrong too often, from your network" in shown(answer)
    assert "a browser in which you have signed in before still works" in shown(answer)
    page = Markup(answer.text)
    assert page.faults == []
    assert page.all("input", name="email")[0]["value"] == "grace@example.com"
    assert page.all("input", name="password")[0].get("value", "") == ""


def test_an_account_that_is_none_hears_the_same(client: FlaskClient) -> None:
    make_user("grace", "reader")
    reasons = []
    for name in ("grace@example.com", "nobody@example.com"):
        statuses(client, TRIES, name=name)
        reasons.append(shown(guess(client, name)).partition("Try again")[0])
    assert reasons[0] == reasons[1]


def test_an_owner_in_a_known_browser_hears_of_that_browser(client: FlaskClient) -> None:
    make_user("grace", "reader")
    own(client, "192.0.2.1")
    client.post("/logout")
    statuses(client, TRIES)
    assert "in this browser" in shown(guess(client))
    assert "network" not in shown(guess(client))


@pytest.mark.parametrize("path", ["/account/password", "/account/delete", "/verify"])
def test_every_page_that_asks_for_the_password_keeps_its_form(client: FlaskClient, path: str) -> None:
    make_user("grace", "reader")
    sign_in(client, "grace")
    form = {"password": "wrong", "new_password": "another horse", "new_password_confirm": "another horse"}
    for _ in range(TRIES):
        client.post(path, data=form)
    answer = client.post(path, data=form)
    assert answer.status_code == 429
    assert f"Try again {in_words(int(answer.headers['Retry-After']))}." in shown(answer)
    assert Markup(answer.text).all("input", name="password")
    assert client.get(path).status_code == 200


def test_a_program_hears_it_too(client: FlaskClient) -> None:
    make_user("grace", "reader")
    statuses(client, TRIES)
    form = {"email": "grace@example.com", "password": PASSWORD}
    from_there = {"REMOTE_ADDR": "192.0.2.1"}
    answer = client.post("/login?include_auth_token", json=form, environ_overrides=from_there)
    assert answer.status_code == 429
    assert f"Try again {in_words(int(answer.headers['Retry-After']))}." in answer.text
    assert "authentication_token" not in answer.text


def test_a_registration_keeps_what_was_typed(client: FlaskClient) -> None:
    form = {"email": "new@example.com", "username": "newcomer", "password": "short", "password_confirm": "short"}
    answers = [client.post("/register", data=form) for _ in range(31)]
    assert [answer.status_code for answer in answers[29:]] == [422, 429]
    assert "accounts were asked for from your network" in shown(answers[30])
    assert Markup(answers[30].text).all("input", name="username")[0]["value"] == "newcomer"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "in a second"),
        (59, "in 59 seconds"),
        (120, "in 2 minutes"),
        (592, "in 10 minutes"),
        (7199, "in 120 minutes"),
        (80_000, "in 23 hours"),
    ],
)
def test_a_time_is_told_as_people_tell_it(seconds: int, words: str) -> None:
    assert in_words(seconds) == words
