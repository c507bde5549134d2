"""A form makes one article, however often and at however many places at once it is sent."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from application.data.errors import AlreadySent
from application.data.models import Article, SentForm, User
from application.data.operations.articles import create_article
from application.data.operations.autosaves import KEPT
from application.data.operations.sent_forms import purge
from application.data.records import Actor, Saved, Written
from application.data.types import utc_now
from application.extensions import db

Make = Callable[..., int]
WRITTEN = Written("Once", "", "Words.", tags=("b", "a"), authors=("ada",))


@pytest.fixture
def by(make_profile: Make, make_user: Make) -> Actor:
    make_profile("ada", "Ada")
    return Actor(make_user("ada"), "ada")


def count(model: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_four_at_once_make_one(app: Flask, by: Actor) -> None:
    together = threading.Barrier(4)
    saved: list[Saved] = []

    def send() -> None:
        with app.app_context():
            together.wait(10)
            saved.append(create_article(WRITTEN, by, "form"))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(saved) == 4
    assert len(set(saved)) == 1
    assert count(Article) == 1


def test_other_words_are_told_and_not_dropped(by: Actor) -> None:
    first = create_article(WRITTEN, by, "form")
    with pytest.raises(AlreadySent) as told:
        create_article(Written("Once", "", "Other words.", authors=("ada",)), by, "form")
    assert told.value.article_id == first.article_id
    assert create_article(WRITTEN, by, "other form").article_id != first.article_id
    assert create_article(WRITTEN, by).article_id != create_article(WRITTEN, by).article_id


def test_an_account_deleted_in_that_moment_makes_an_article_all_the_same(by: Actor) -> None:
    db.session.execute(delete(User))
    db.session.commit()
    assert create_article(WRITTEN, by, "form").status == "draft"
    assert count(SentForm) == 0


def test_forms_are_forgotten(by: Actor) -> None:
    create_article(WRITTEN, by, "form")
    assert purge(utc_now() + KEPT - timedelta(minutes=1)) == 0
    assert purge(utc_now() + KEPT + timedelta(minutes=1)) == 1
    assert count(SentForm) == 0
