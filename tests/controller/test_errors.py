"""What is answered when something is wrong."""

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient

from application.data.errors import DatabaseBusy
from application.data.models import OldAddress
from application.extensions import db
from tests.controller.markup import Markup
from tests.controller.test_articles import make_author, publish

JSON = {"Accept": "application/json"}
STATUSES = [400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503]
# RFC 9110, section 15, and RFC 6585; RFC 9457 asks for these where a problem has no type of its own.
PHRASES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


@pytest.fixture
def broken(app: Flask) -> FlaskClient:
    """Return a client of a site with addresses that fail in every way."""

    def fail(status: int) -> str:
        if status == 500:
            raise RuntimeError("a secret of the inside")
        if status == 503:
            raise DatabaseBusy
        abort(status)

    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/fail/<int:status>", view_func=fail)
    app.add_url_rule("/api/fail/<int:status>", "api_fail", fail)
    return app.test_client()


@pytest.mark.parametrize("status", STATUSES)
def test_a_person_gets_a_page_in_the_site_s_look(broken: FlaskClient, status: int) -> None:
    answer = broken.get(f"/fail/{status}")
    page = Markup(answer.text)
    assert answer.status_code == status
    assert page.faults == []
    assert len(page.all("h1")) == 1
    assert page.all("nav")
    assert "no-store" in answer.headers["Cache-Control"]
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("status", STATUSES)
def test_a_program_gets_a_problem_document(broken: FlaskClient, status: int) -> None:
    for answer in (broken.get(f"/api/fail/{status}"), broken.get(f"/fail/{status}", headers=JSON)):
        assert answer.status_code == status
        assert answer.mimetype == "application/problem+json"
        assert answer.json is not None
        assert answer.json["status"] == status
        assert answer.json["title"] == PHRASES[status]
        assert len(answer.json["detail"]) > len(answer.json["title"])
        assert set(answer.json) == {"type", "title", "status", "detail"}
        assert "secret" not in answer.text


def test_a_browser_that_takes_anything_gets_a_page(client: FlaskClient) -> None:
    assert client.get("/nothing", headers={"Accept": "*/*"}).mimetype == "text/html"


def test_who_may_come_back_is_told_when(broken: FlaskClient) -> None:
    assert int(broken.get("/fail/503").headers["Retry-After"]) > 0


def test_the_allowed_methods_are_named(client: FlaskClient) -> None:
    answer = client.post("/about")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_a_huge_body_is_refused(client: FlaskClient) -> None:
    answer = client.post("/login", data={"email": "a" * 3_000_000})
    assert answer.status_code == 413
    assert Markup(answer.text).faults == []


OLD = "/2014/09/15/rust-1.0"


@pytest.mark.parametrize("path", [OLD, OLD.title(), f"{OLD.upper()}/", f"{OLD}?page=2"])
def test_an_old_address_leads_to_the_article(client: FlaskClient, path: str) -> None:
    article = publish("rust-1-0", make_author())
    db.session.add(OldAddress(address=OLD, article_id=article.article_id))
    db.session.commit()
    answer = client.get(path)
    assert answer.status_code == 301
    assert answer.location == "/articles/rust-1-0"
    assert client.post(path).status_code in {404, 405}


def test_an_old_address_below_a_known_one_leads_there_too(client: FlaskClient) -> None:
    article = publish("new-name", make_author())
    db.session.add(OldAddress(address="/articles/old-name", article_id=article.article_id))
    db.session.commit()
    answer = client.get("/articles/old-name")
    assert (answer.status_code, answer.location) == (301, "/articles/new-name")


@pytest.mark.parametrize(
    "path",
    [
        "/" + "a/" * 4000,
        "/%00",
        "/%ff%fe",
        "/..%2f..%2fetc/passwd",
        "/articles/%00",
        "/tags/\u202e",
        "//",
        "/%0d%0aSet-Cookie:x",
    ],
)
def test_any_address_gets_a_clear_answer(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code in {301, 308, 400, 404}


@pytest.mark.parametrize("host", ["evil.example", "", "[", "localhost:80@evil.example"])
def test_a_forged_host_gets_a_page_too(client: FlaskClient, host: str) -> None:
    answer = client.get("/", headers={"Host": host})
    assert answer.status_code == 400
    assert Markup(answer.text).faults == []
    assert "evil" not in answer.text
