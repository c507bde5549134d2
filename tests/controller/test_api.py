"""The JSON interface."""

import pytest
from flask.testing import FlaskClient

from application.data.operations import likes
from tests.controller.people import make_article, make_user


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
