import json
from datetime import timedelta
from typing import Any

import pytest
import redis
from celery import Celery
from flask import Flask
from sqlalchemy import update

from application.config import Settings
from application.data import data_access, invalidation
from application.data.models import Article, User
from application.data.operations import autosaves, likes, sessions
from application.data.operations.articles import publish_article
from application.data.operations.bin import bin_article
from application.data.types import utc_now
from application.extensions import cache, db, live
from application.jobs import tasks
from application.jobs.schedule import SCHEDULE
from application.jobs.workers import celery_config
from application.live.hub import KEY
from application.utils.session_keys import LIFETIME, SessionKey
from tests.articles import TESTER, save, write


@pytest.fixture
def broker(settings: Settings) -> redis.Redis:
    return redis.Redis.from_url(settings.broker_url)


def events(redis_client: redis.Redis) -> list[tuple[str, dict[str, Any]]]:
    entries: Any = redis_client.xrange(KEY)
    return [(fields[b"type"].decode(), json.loads(fields[b"data"])) for _, fields in entries]


def like(article_id: int, readers: int) -> None:
    for number in range(readers):
        likes.add_like(article_id, visitor_id=f"{number:032x}")


def count_of(article_id: int) -> int:
    found = data_access.get_like_count(article_id)
    assert found is not None
    return found.likes


def test_counting_makes_the_count_right_and_tells_open_pages(article_id: int, redis_client: redis.Redis) -> None:
    assert count_of(article_id) == 0
    like(article_id, readers=3)

    tasks.calculate_aggregate_likes(article_id)

    assert count_of(article_id) == 3
    assert events(redis_client) == [("likes", {"article_id": article_id, "likes": 3})]


def test_the_event_goes_out_when_the_caches_are_told(article_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data_access.get_like_count(article_id)
    like(article_id, readers=1)
    seen: list[int] = []
    monkeypatch.setattr(live, "publish", lambda *_: seen.append(count_of(article_id)))

    tasks.calculate_aggregate_likes(article_id)

    assert seen == [1]


def test_counting_twice_in_a_second_becomes_one_later_run(article_id: int, broker: redis.Redis) -> None:
    for _ in range(100):
        tasks.calculate_aggregate_likes(article_id)

    (message,) = broker.lrange("celery", 0, -1)  # type: ignore[misc]
    headers = json.loads(message)["headers"]
    assert headers["task"] == "calculate_aggregate_likes"
    assert headers["eta"]


def test_counting_an_unknown_article_does_nothing(app: Flask, redis_client: redis.Redis) -> None:
    assert tasks.calculate_aggregate_likes(404) is None
    assert events(redis_client) == []


def test_counting_does_without_redis(article_id: int, app: Flask) -> None:
    like(article_id, readers=2)
    dead = "redis://127.0.0.1:1/0"
    app.config["SETTINGS"] = app.config["SETTINGS"].model_copy(update={"broker_url": dead})
    app.extensions["live_publisher"] = redis.Redis.from_url(dead)

    assert tasks.calculate_aggregate_likes(article_id) == 2


def test_a_count_that_a_lost_job_left_wrong_is_made_right(article_id: int, redis_client: redis.Redis) -> None:
    like(article_id, readers=2)

    assert tasks.reconcile_likes() == 1
    assert tasks.reconcile_likes() == 0

    assert count_of(article_id) == 2
    assert events(redis_client) == [("likes", {"article_id": article_id, "likes": 2})]


def test_a_count_that_nobody_touched_stays(article_id: int) -> None:
    db.session.execute(update(Article).values(like_count=41))
    db.session.commit()
    assert tasks.reconcile_likes() == 1
    assert count_of(article_id) == 0


def test_an_invalidation_that_failed_is_made_up_for(article_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data_access.get_like_count(article_id)
    like(article_id, readers=1)
    with monkeypatch.context() as patch:
        patch.setattr(cache, "invalidate", lambda *_args, **_kwargs: False)
        likes.recount_likes(article_id)

    assert tasks.sweep_outbox() == 1
    assert tasks.sweep_outbox() == 0

    assert count_of(article_id) == 1


def test_what_was_due_while_the_worker_was_dead_is_published_when_it_is_back_once(article_id: int) -> None:
    saved = write("Due", publish=False)
    at = utc_now() + timedelta(minutes=5)
    publish_article(saved.slug, None, TESTER, at)
    assert tasks.publish_due_articles() == []
    assert data_access.get_article(saved.slug) is None
    # Nobody looked for a while.
    db.session.execute(update(Article).where(Article.slug == saved.slug).values(scheduled_for=at - timedelta(hours=1)))
    db.session.commit()

    assert tasks.publish_due_articles() == [saved.article_id]
    assert tasks.publish_due_articles() == []

    found = data_access.get_article(saved.slug)
    assert found is not None
    assert found.published_at == at - timedelta(hours=1)
    assert data_access.get_all_articles().cards[-1].slug == saved.slug


def test_changes_that_were_due_while_the_worker_was_dead_are_published_when_it_is_back_once(article_id: int) -> None:
    slug = "on-counting"
    save(slug, content="Newer.")
    at = utc_now() + timedelta(minutes=5)
    publish_article(slug, None, TESTER, at)
    assert tasks.publish_due_articles() == []
    db.session.execute(update(Article).where(Article.slug == slug).values(scheduled_for=at - timedelta(hours=1)))
    db.session.commit()

    assert tasks.publish_due_articles() == [article_id]
    assert tasks.publish_due_articles() == []

    found = data_access.get_article(slug)
    assert found is not None
    assert "Newer." in found.html


def test_what_is_published_while_redis_is_away_is_told_when_it_is_back(
    article_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = write("Due", publish=False)
    assert len(data_access.get_all_articles().cards) == 1
    with monkeypatch.context() as patch:
        patch.setattr(cache, "invalidate", lambda *_args, **_kwargs: False)
        assert publish_article(saved.slug, None, TESTER).status == "published"
    db.session.rollback()
    assert tasks.sweep_outbox() == 1
    assert len(data_access.get_all_articles().cards) == 2


def test_the_bin_and_old_autosaves_are_emptied(article_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    user = User(email="ada@example.org", fs_uniquifier="ada")
    db.session.add(user)
    db.session.commit()
    autosaves.keep(user.id, "form", None, {"title": "x"})
    bin_article("on-counting", TESTER)
    assert (tasks.empty_bin(), tasks.purge_autosaves()) == (0, 0)
    later = utc_now() + timedelta(days=31)
    monkeypatch.setattr(tasks, "utc_now", lambda: later)
    assert (tasks.empty_bin(), tasks.purge_autosaves()) == (1, 1)
    assert (tasks.empty_bin(), tasks.purge_autosaves()) == (0, 0)


def test_ended_sessions_are_forgotten_when_they_would_be_over_anyway(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions.end([SessionKey("ada", "1-2"), SessionKey("ada", "1-2")])
    sessions.end([SessionKey("ada", "1-2")])
    assert tasks.purge_sessions() == 0
    later = utc_now() + LIFETIME
    monkeypatch.setattr(tasks, "utc_now", lambda: later)
    assert (tasks.purge_sessions(), tasks.purge_sessions()) == (1, 0)


def test_what_is_due_is_looked_for_often_enough_to_appear_within_ten_seconds() -> None:
    (entry,) = (entry for entry in SCHEDULE.values() if entry["task"] == "publish_due_articles")
    assert entry["schedule"] <= 5


def test_the_heartbeat_is_written_and_fades(app: Flask, broker: redis.Redis) -> None:
    tasks.heartbeat()
    assert int(broker.get(tasks.HEARTBEAT_KEY)) > 0  # type: ignore[arg-type]
    assert 0 < broker.ttl(tasks.HEARTBEAT_KEY) <= tasks.HEARTBEAT_TTL  # type: ignore[operator]


def test_every_scheduled_task_exists_and_expires(app: Flask) -> None:
    celery: Celery = app.extensions["celery"]
    for entry in SCHEDULE.values():
        assert entry["task"] in celery.tasks
        assert entry["options"]["expires"] <= entry["schedule"]


def test_jobs_are_json_and_leave_no_result(settings: Settings) -> None:
    config = celery_config(settings)
    assert config["accept_content"] == ["json"]
    assert config["task_ignore_result"]
    assert config["task_acks_late"]


def test_a_task_runs_in_a_context_of_its_own(article_id: int, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions: list[object] = []
    monkeypatch.setattr(invalidation, "sweep_outbox", lambda: sessions.append(db.session()))
    outside = db.session()

    app.extensions["celery"].tasks["sweep_outbox"]()

    assert sessions[0] is not outside
