"""Case 24: one rule before every unsafe method."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from application import create_app
from application.config import Settings

PATH = "/article_like/1"
PASSED = 404
"""What the view answers, for there is no such article; a refusal is 403."""


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_our_own_pages_may_post(client: FlaskClient, site: str) -> None:
    assert client.post(PATH, headers={"Sec-Fetch-Site": site}).status_code == PASSED


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "SAME-ORIGIN", "nonsense"])
def test_other_sites_may_not(client: FlaskClient, site: str) -> None:
    assert client.post(PATH, headers={"Sec-Fetch-Site": site}).status_code == 403


def test_what_the_browser_says_of_the_site_wins_over_origin(client: FlaskClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}
    assert client.post(PATH, headers=headers).status_code == 403


def test_an_older_browser_is_known_by_its_origin(client: FlaskClient) -> None:
    assert client.post(PATH, headers={"Origin": "http://localhost"}).status_code == PASSED


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://localhost.evil.example",
        "http://localhost@evil.example",
        "http://evil.example/localhost",
        "http://localhost:9999",
        "null",
        "",
        "http://[",
        "file://localhost",
        "localhost",
    ],
)
def test_a_strange_origin_is_refused(client: FlaskClient, origin: str) -> None:
    assert client.post(PATH, headers={"Origin": origin}).status_code == 403


def test_the_oldest_browsers_are_known_by_their_referrer(client: FlaskClient) -> None:
    assert client.post(PATH, headers={"Referer": "http://localhost/articles/a-title"}).status_code == PASSED
    assert client.post(PATH, headers={"Referer": "http://evil.example/localhost"}).status_code == 403
    assert client.post(PATH, headers={"Referer": "http://["}).status_code == 403
    assert (
        client.post(PATH, headers={"Referer": "http://evil.example/", "Sec-Fetch-Site": "same-origin"}).status_code
        == PASSED
    )


def test_a_program_sends_neither_header(client: FlaskClient) -> None:
    assert client.post(PATH).status_code == PASSED


def test_a_token_without_a_cookie_is_exempt(client: FlaskClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Authentication-Token": "x"}
    assert client.post(PATH, headers=headers).status_code == PASSED


def test_a_token_with_a_cookie_is_not(client: FlaskClient) -> None:
    client.set_cookie("session", "x")
    headers = {"Sec-Fetch-Site": "cross-site", "Authentication-Token": "x"}
    assert client.post(PATH, headers=headers).status_code == 403


def test_every_unsafe_route_is_covered(app: Flask, client: FlaskClient) -> None:
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS", "TRACE"}:
            path = str(rule).replace("<int:article_id>", "1").replace("<slug>", "a")
            answer = client.open(path, method=method, headers={"Sec-Fetch-Site": "cross-site"})
            assert answer.status_code == 403, (method, path)


def test_reading_from_another_site_is_fine(client: FlaskClient) -> None:
    assert client.get("/hello", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_a_method_cannot_be_overridden_by_a_header(client: FlaskClient) -> None:
    answer = client.get(PATH, headers={"X-HTTP-Method-Override": "POST", "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == PASSED
    assert "Set-Cookie" not in answer.headers


def test_another_name_of_the_site_is_trusted(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"trusted_hosts": ("www.broadsheet.test",)}))
    client = app.test_client()
    with app.app_context():
        assert client.post(PATH, headers={"Origin": "https://www.broadsheet.test"}).status_code == PASSED
        assert client.post(PATH, headers={"Origin": "https://broadsheet.test"}).status_code == 403
