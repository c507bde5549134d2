"""The JSON interface."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from application.controller import api as controller
from application.controller.limits import in_words
from application.data.errors import DatabaseBusy
from application.data.models import ArticleLike, User
from application.data.operations import likes
from application.extensions import db
from tests.controller.people import PASSWORD, make_article, make_user, sign_in


def test_it_answers(client: FlaskClient) -> None:
    answer = client.get("/api/test")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_a_count(client: FlaskClient) -> None:
    user_id = make_user("ada", "author")
    article_id, _ = make_article(user_id)
    likes.add_like(article_id, user_id=user_id)
    likes.recount_likes(article_id)
    assert client.get(f"/api/article_likes/{article_id}").json == {"article_id": article_id, "likes": 1}


def test_a_count_follows(client: FlaskClient) -> None:
    user_id = make_user("ada", "author")
    article_id, _ = make_article(user_id)
    assert client.get(f"/api/article_likes/{article_id}").json == {"article_id": article_id, "likes": 0}
    likes.add_like(article_id, user_id=user_id)
    likes.recount_likes(article_id)
    assert client.get(f"/api/article_likes/{article_id}").json == {"article_id": article_id, "likes": 1}


def test_the_list_comes_in_pages(client: FlaskClient) -> None:
    user_id = make_user("ada", "author")
    wanted = [make_article(user_id, f"Number {number}")[0] for number in range(130)]
    make_article(user_id, "A draft", publish=False)
    seen, path, pages = [], "/api/article_likes", 0
    while path:
        page = client.get(path).json
        assert page is not None
        seen += [item["article_id"] for item in page["items"]]
        path, pages = page["next"], pages + 1
    assert seen == sorted(wanted)
    assert pages > 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/article_likes/999", 404),
        ("/api/article_likes/99999999999999999999", 404),
        ("/api/article_likes/x", 404),
        ("/api/article_likes?after=x", 400),
        ("/api/article_likes?after=-1", 400),
        ("/api/article_likes?after=99999999999999999999", 400),
        ("/api/nothing", 404),
    ],
)
def test_errors_are_problem_documents(client: FlaskClient, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert answer.json["status"] == status
    assert {"type", "title", "detail"} <= answer.json.keys()
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_wrong_method_is_a_problem_that_names_the_right_one(client: FlaskClient) -> None:
    answer = client.post("/api/test")
    assert answer.status_code == 405
    assert answer.content_type == "application/problem+json"
    assert "GET" in answer.headers["Allow"]


def test_a_draft_has_no_count(client: FlaskClient) -> None:
    article_id, _ = make_article(make_user("ada", "author"), publish=False)
    assert client.get(f"/api/article_likes/{article_id}").status_code == 404


# Liking, with a token.


def token_of(client: FlaskClient, name: str) -> str:
    answer = client.post("/login?include_auth_token", json={"email": f"{name}@example.com", "password": PASSWORD})
    assert answer.json is not None
    token = answer.json["response"]["user"]["authentication_token"]
    assert isinstance(token, str)
    return token


@pytest.fixture
def article_id(app: Flask) -> int:
    return make_article(make_user("ada", "author"))[0]


@pytest.fixture
def headers(app: Flask, article_id: int) -> dict[str, str]:
    make_user("reader", "reader")
    return {"Authentication-Token": token_of(app.test_client(), "reader")}


def count_likes() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(ArticleLike)) or 0


def is_problem(answer: TestResponse, status: int) -> bool:
    assert answer.json is not None, answer.text
    told = (answer.status_code, answer.json["status"], answer.content_type)
    assert told == (status, status, "application/problem+json")
    assert {"type", "title", "detail"} <= answer.json.keys()
    assert "no-store" in answer.headers["Cache-Control"]
    return True


def test_a_like_by_token(
    client: FlaskClient, article_id: int, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[object, ...]] = []
    monkeypatch.setattr(controller.dispatch, "send", lambda *job: sent.append(job))
    for _ in range(2):
        answer = client.post(f"/api/article_likes/{article_id}", headers=headers)
        assert (answer.status_code, answer.json) == (200, {"article_id": article_id, "liked": True})
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert "Set-Cookie" not in answer.headers
    assert count_likes() == 1
    for _ in range(2):
        answer = client.delete(f"/api/article_likes/{article_id}", headers=headers)
        assert (answer.status_code, answer.json) == (200, {"article_id": article_id, "liked": False})
    assert count_likes() == 0
    assert sent == [("calculate_aggregate_likes", article_id)] * 2


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_without_a_valid_token_nothing_is_done(
    app: Flask, article_id: int, headers: dict[str, str], method: str
) -> None:
    address = f"/api/article_likes/{article_id}"
    for wrong in ({}, {"Authentication-Token": ""}, {"Authentication-Token": "x" + headers["Authentication-Token"]}):
        answer = app.test_client().open(address, method=method, headers=wrong)
        assert is_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"].lower().startswith("token ")
    with_a_session = app.test_client()
    sign_in(with_a_session, "reader")
    assert is_problem(with_a_session.open(address, method=method), 401)
    token = headers["Authentication-Token"]
    assert is_problem(app.test_client().open(f"{address}?auth_token={token}", method=method), 401)
    assert count_likes() == 0


def test_the_token_says_who_likes_and_not_the_cookie(
    app: Flask, client: FlaskClient, article_id: int, headers: dict[str, str]
) -> None:
    sign_in(client, "ada")
    assert client.post(f"/api/article_likes/{article_id}", headers=headers).status_code == 200
    db.session.rollback()
    liker = db.session.scalar(select(User.username).join(ArticleLike, ArticleLike.user_id == User.id))
    assert liker == "reader"


def test_a_token_ends_with_its_account(
    app: Flask, client: FlaskClient, article_id: int, headers: dict[str, str]
) -> None:
    db.session.execute(update(User).where(User.username == "reader").values(active=False))
    db.session.commit()
    assert is_problem(client.post(f"/api/article_likes/{article_id}", headers=headers), 401)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_what_is_not_published_cannot_be_liked(client: FlaskClient, headers: dict[str, str], method: str) -> None:
    draft, _ = make_article(make_user("grace", "author"), publish=False)
    for number in (draft, 999, 0):
        assert is_problem(client.open(f"/api/article_likes/{number}", method=method, headers=headers), 404)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "text/plain", 200),
        (b"{}", "application/json", 200),
        (b"{", "application/json", 400),
        (b'{"article_id": 2}', "application/json", 422),
        (b"[]", "application/json", 422),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"hello", "text/plain", 415),
        (b"hello", "", 415),
        (b"{" + b" " * 3_000_000 + b"}", "application/json", 413),
    ],
)
def test_a_body_says_nothing(
    client: FlaskClient, article_id: int, headers: dict[str, str], method: str, body: bytes, kind: str, status: int
) -> None:
    address = f"/api/article_likes/{article_id}"
    answer = client.open(address, method=method, headers=headers, data=body, content_type=kind)
    assert answer.status_code == status
    assert status == 200 or is_problem(answer, status)


def test_other_methods_are_named(client: FlaskClient, article_id: int, headers: dict[str, str]) -> None:
    answer = client.put(f"/api/article_likes/{article_id}", headers=headers)
    assert is_problem(answer, 405)
    assert {"GET", "POST", "DELETE"} <= set(answer.headers["Allow"].replace(" ", "").split(","))


def test_nobody_can_like_for_ever(client: FlaskClient, article_id: int, headers: dict[str, str]) -> None:
    answers = [client.post(f"/api/article_likes/{article_id}", headers=headers) for _ in range(31)]
    assert [answer.status_code for answer in answers[:30]] == [200] * 30
    assert is_problem(answers[30], 429)
    seconds = int(answers[30].headers["Retry-After"])
    assert seconds > 0
    assert answers[30].json is not None
    assert answers[30].json["title"] == "Too Many Requests"
    assert answers[30].json["detail"].startswith("The account of this token")
    assert answers[30].json["detail"].endswith(f"Try again {in_words(seconds)}.")
    assert client.get(f"/api/article_likes/{article_id}").status_code == 200


def test_another_site_cannot_like_with_a_reader_s_cookies(
    client: FlaskClient, article_id: int, headers: dict[str, str]
) -> None:
    sign_in(client, "reader")
    crossing = {"Sec-Fetch-Site": "cross-site"}
    assert is_problem(client.post(f"/api/article_likes/{article_id}", headers=crossing), 403)


def test_a_busy_database_is_a_problem_with_a_time(
    client: FlaskClient, article_id: int, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_names: object) -> None:
        raise DatabaseBusy

    monkeypatch.setattr(likes, "add_like", fail)
    answer = client.post(f"/api/article_likes/{article_id}", headers=headers)
    assert is_problem(answer, 503)
    assert answer.headers["Retry-After"] == "5"
