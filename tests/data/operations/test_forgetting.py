"""What an operator has the caches forget, and the log of it."""

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from application.caching.purges import latest
from application.data.models import SUBJECT_LENGTH, AuditEntry
from application.data.operations import forgetting
from application.data.records import Actor
from application.extensions import cache, db
from tests.controller.people import make_article, make_user
from tests.locks import locked

BY = Actor(None, "an operator")


def logged() -> list[tuple[str, str, str, str]]:
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.deed == forgetting.DEED))
    return [(entry.user_name, entry.subject, entry.deed, entry.details["why"]) for entry in entries]


@pytest.fixture
def page(client: FlaskClient) -> str:
    make_article(make_user("ada", "author"))
    client.get("/articles_by/ada")
    return "flask_cache_view//articles_by/ada"


def test_tags_are_forgotten_and_that_is_logged(app: Flask, page: str, redis_client: redis.Redis) -> None:
    assert redis_client.exists(page)
    assert forgetting.forget(["key/view//articles_by/ada"], BY, "it was wrong")
    assert not redis_client.exists(page)
    assert logged() == [("an operator", "key/view//articles_by/ada", "cache purged", "it was wrong")]


def test_many_tags_are_logged_in_full(app: Flask) -> None:
    tags = [f"a tag of some length/{number}" for number in range(50)]
    forgetting.forget(tags, BY, "many")
    entry = db.session.scalar(select(AuditEntry).where(AuditEntry.deed == forgetting.DEED))
    assert entry is not None
    assert len(entry.subject) == SUBJECT_LENGTH
    assert entry.details["tags"] == tags


def test_everything_is_forgotten_and_that_is_logged(app: Flask, page: str, redis_client: redis.Redis) -> None:
    assert forgetting.forget_everything(BY, "a new look")
    assert not redis_client.exists(page)
    assert logged() == [("an operator", "everything", "cache purged", "a new look")]


def test_what_cannot_be_told_is_said_and_logged_all_the_same(app: Flask, page: str) -> None:
    assert cache.engine is not None
    urgent = cache.engine._invalidate.registered_client
    cache.engine._invalidate.registered_client = redis.Redis(port=1)
    try:
        assert not forgetting.forget(["x"], BY, "why not")
    finally:
        cache.engine._invalidate.registered_client = urgent
    assert logged() == [("an operator", "x", "cache purged", "why not")]


@pytest.mark.parametrize(
    ("arguments", "subject"),
    [(("delete", "view//articles_by/ada"), "key/view//articles_by/ada"), (("purge", "--all"), "everything")],
)
def test_the_command_line_is_logged_too(
    app: Flask, page: str, redis_client: redis.Redis, arguments: tuple[str, ...], subject: str
) -> None:
    result = app.test_cli_runner().invoke(args=["cache", *arguments, "--why", "it was wrong"])
    assert (result.exit_code, result.stdout) == (0, "1 keys went\n") or "--all" in arguments
    assert not redis_client.exists(page)
    assert logged() == [("command line", subject, "cache purged", "it was wrong")]
    assert latest(redis_client)[0].by.endswith(f" cache {arguments[0]}")


@pytest.mark.parametrize(("name", "keys"), [("view//articles_by/ada", 1), ("nope", 0)])
def test_the_log_says_how_many_keys_went(app: Flask, page: str, name: str, keys: int) -> None:
    app.test_cli_runner().invoke(args=["cache", "delete", name])
    entry = db.session.scalar(select(AuditEntry).where(AuditEntry.deed == forgetting.DEED))
    assert entry is not None
    assert entry.details["keys"] == keys


def test_a_reason_from_the_command_line_is_one_short_line(app: Flask, page: str) -> None:
    run = app.test_cli_runner().invoke
    long = run(args=["cache", "delete", "nope", "--why", "x" * 301])
    assert long.exit_code == 2
    assert "300 characters at most" in long.stderr
    assert logged() == []
    run(args=["cache", "delete", "nope", "--why", " two\n\x1b[31m  lines "])
    assert [why for *_, why in logged()] == ["two [31m lines"]


def test_the_command_line_forgets_without_the_database(app: Flask, page: str, redis_client: redis.Redis) -> None:
    with locked(app.config["SETTINGS"].database_url, "audit_log"):
        result = app.test_cli_runner().invoke(args=["cache", "delete", "view//articles_by/ada"])
    assert result.exit_code == 0, result.output
    assert not redis_client.exists(page)
    assert logged() == []
