"""Likes, as a browser, a script and a stranger send them."""

import time

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from application import create_app
from application.controller import likes as controller
from application.data.errors import DatabaseBusy
from application.data.models import ArticleLike
from application.extensions import db
from tests.conftest import settings_for
from tests.controller.conftest import Browser
from tests.controller.people import make_article, make_user, sign_in

JSON = {"Accept": "application/json"}
Sent = list[tuple[object, ...]]


@pytest.fixture
def article(app: Flask) -> tuple[int, str]:
    return make_article(make_user("ada", "author"))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Record the jobs that would be sent."""
    jobs: Sent = []
    monkeypatch.setattr(controller.dispatch, "send", lambda *job: jobs.append(job))
    return jobs


def count_likes() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(ArticleLike)) or 0


def test_the_button_works_without_script(client: FlaskClient, article: tuple[int, str], sent: Sent) -> None:
    answer = client.post(f"/article_like/{article[0]}")
    assert answer.status_code == 303
    assert answer.location == f"/articles/{article[1]}"
    assert count_likes() == 1
    assert sent == [("calculate_aggregate_likes", article[0])]


def test_the_button_works_with_script(client: FlaskClient, article: tuple[int, str]) -> None:
    answer = client.post(f"/article_like/{article[0]}", headers=JSON)
    assert answer.status_code == 200
    assert answer.json == {"article_id": article[0], "liked": True}


def test_a_second_like_changes_nothing(client: FlaskClient, article: tuple[int, str], sent: Sent) -> None:
    for _ in range(3):
        assert client.post(f"/article_like/{article[0]}").status_code == 303
    assert count_likes() == 1
    assert len(sent) == 1


def test_two_browsers_have_one_like_each(app: Flask, article: tuple[int, str]) -> None:
    for browser in (app.test_client(), app.test_client()):
        browser.post(f"/article_like/{article[0]}")
        browser.post(f"/article_like/{article[0]}")
    assert count_likes() == 2


def test_a_like_can_be_taken_back(client: FlaskClient, article: tuple[int, str], sent: Sent) -> None:
    client.post(f"/article_like/{article[0]}")
    answer = client.post(f"/article_unlike/{article[0]}", headers=JSON)
    assert answer.json == {"article_id": article[0], "liked": False}
    assert count_likes() == 0
    assert len(sent) == 2


def test_taking_back_what_was_never_given_changes_nothing(
    client: FlaskClient, article: tuple[int, str], sent: Sent
) -> None:
    assert client.post(f"/article_unlike/{article[0]}").status_code == 303
    assert sent == []
    assert client.get_cookie("liker") is None


def test_looking_changes_nothing(client: FlaskClient, article: tuple[int, str], sent: Sent) -> None:
    answer = client.get(f"/article_like/{article[0]}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert f'action="/article_like/{article[0]}"' in answer.text
    assert "Set-Cookie" not in answer.headers
    assert count_likes() == 0
    assert sent == []


def test_the_page_with_the_button_knows_what_you_like(client: FlaskClient, article: tuple[int, str]) -> None:
    client.post(f"/article_like/{article[0]}")
    assert f'action="/article_unlike/{article[0]}"' in client.get(f"/article_like/{article[0]}").text


def test_a_visitor_gets_a_signed_cookie_that_script_cannot_read(client: FlaskClient, article: tuple[int, str]) -> None:
    answer = client.post(f"/article_like/{article[0]}")
    cookies = {header.split("=")[0]: header for header in answer.headers.getlist("Set-Cookie")}
    assert cookies.keys() == {"liker", "has_likes"}
    assert all(part in cookies["liker"] for part in ("HttpOnly", "SameSite=Lax", "Max-Age=31536000", "Path=/"))
    assert "HttpOnly" not in cookies["has_likes"]
    assert "Secure" not in cookies["liker"]


def test_over_https_the_cookie_stays_there(client: FlaskClient, article: tuple[int, str]) -> None:
    answer = client.post(f"/article_like/{article[0]}", base_url="https://localhost")
    assert all("Secure" in header for header in answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize("forged", ["", "x", "a" * 4000, "InZpc2l0b3Ii.aaaaaa.bbbbbb", "é"])
def test_a_forged_cookie_is_ignored(client: FlaskClient, article: tuple[int, str], forged: str) -> None:
    answer = client.post(f"/article_like/{article[0]}", headers={"Cookie": f"liker={forged}"})
    assert answer.status_code == 303
    assert count_likes() == 1
    assert any(header.startswith("liker=") for header in answer.headers.getlist("Set-Cookie"))


def test_an_old_cookie_is_ignored(
    client: FlaskClient, article: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post(f"/article_like/{article[0]}")
    then = time.time() + 366 * 86400
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: then)
    assert f'action="/article_like/{article[0]}"' in client.get(f"/article_like/{article[0]}").text


def test_a_signed_in_reader_needs_no_cookie(client: FlaskClient, article: tuple[int, str]) -> None:
    make_user("grace", "reader")
    sign_in(client, "grace")
    client.post(f"/article_like/{article[0]}")
    client.post(f"/article_like/{article[0]}")
    assert client.get_cookie("liker") is None
    assert count_likes() == 1


def test_likes_follow_their_reader_into_the_account(app: Flask, article: tuple[int, str], sent: Sent) -> None:
    reader, other_device = app.test_client(), app.test_client()
    user_id = make_user("grace", "reader")
    sign_in(other_device, "grace")
    other_device.post(f"/article_like/{article[0]}")
    reader.post(f"/article_like/{article[0]}")
    assert count_likes() == 2
    del sent[:]
    sign_in(reader, "grace")
    assert count_likes() == 1
    assert db.session.scalar(select(ArticleLike.user_id)) == user_id
    assert sent == [("calculate_aggregate_likes", article[0])]
    assert reader.get_cookie("liker") is None
    assert reader.get_cookie("has_likes") is None


@pytest.mark.parametrize("path", ["/article_like/{}", "/article_unlike/{}"])
@pytest.mark.parametrize(
    "article_id", ["0", "999", "2147483648", "9223372036854775808", "9" * 30, "9" * 5000, "01", "-1", "x", "1.0", "٣"]
)
def test_an_unknown_article_is_404(client: FlaskClient, article: tuple[int, str], path: str, article_id: str) -> None:
    answer = client.post(path.format(article_id))
    assert answer.status_code == 404
    assert "Set-Cookie" not in answer.headers
    assert count_likes() == 0


def test_a_draft_cannot_be_liked(client: FlaskClient) -> None:
    article_id, _ = make_article(make_user("ada", "author"), publish=False)
    assert client.post(f"/article_like/{article_id}").status_code == 404
    assert client.get(f"/article_like/{article_id}").status_code == 404
    assert count_likes() == 0


def test_one_person_can_only_click_so_fast(client: FlaskClient, article: tuple[int, str]) -> None:
    answers = [client.post(f"/article_like/{article[0]}", headers=JSON) for _ in range(32)]
    assert [answer.status_code for answer in answers[:31]] == [200] * 31
    assert answers[31].status_code == 429
    assert 0 < int(answers[31].headers["Retry-After"]) <= 60
    assert answers[31].content_type == "application/problem+json"


def test_an_office_behind_one_address_may_like(app: Flask, article: tuple[int, str]) -> None:
    for _ in range(100):
        assert app.test_client().post(f"/article_like/{article[0]}").status_code == 303
    assert count_likes() == 100


def test_a_flood_from_one_address_is_429(app: Flask, article: tuple[int, str], monkeypatch: pytest.MonkeyPatch) -> None:
    statuses = set()
    for _ in range(1300):
        statuses.add(app.test_client().post("/article_like/999999").status_code)
        if 429 in statuses:
            break
    assert statuses == {404, 429}


def test_a_like_is_stored_with_the_broker_dead(
    client: FlaskClient, article: tuple[int, str], app: Flask, settings: object
) -> None:
    # Nothing listens on port 9 here; the queue in the process takes the job and the answer does not wait.
    app.extensions["celery"].conf.broker_url = "redis://127.0.0.1:9/1"
    answer = client.post(f"/article_like/{article[0]}")
    assert answer.status_code == 303
    assert count_likes() == 1


def test_a_like_is_stored_without_redis(database_url: str) -> None:
    # Cache, broker and the memory of the limits at once: nothing listens on port 9.
    site = create_app(settings_for(database_url, "redis://127.0.0.1:9"))
    site.test_client_class = Browser
    with site.app_context():
        article_id, _ = make_article(make_user("ada", "author"))
        client = site.test_client()
        for _ in range(3):
            assert client.post(f"/article_like/{article_id}").status_code == 303
        assert count_likes() == 1
        assert client.get(f"/me?article={article_id}").json["liked"] is True
        db.session.remove()
        db.engine.dispose()


def test_a_busy_database_says_when_to_come_back(
    client: FlaskClient, article: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_args: object, **_kwargs: object) -> bool:
        raise DatabaseBusy

    monkeypatch.setattr(controller.operations, "add_like", busy)
    answer = client.post(f"/article_like/{article[0]}")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
