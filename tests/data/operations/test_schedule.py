"""Publishing at a time: by nobody before it, once, however late and however many beats there are."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask

from application.data.data_access import (
    find_due,
    get_all_articles,
    get_article,
    get_articles_by_username,
    get_audit,
    get_revisions,
)
from application.data.operations.articles import publish_article, unpublish_article
from application.data.operations.schedule import publish_due
from application.data.types import utc_now
from tests.articles import TESTER, edit, editing, save, write

Make = Callable[..., int]
Told = list[tuple[str, set[str]]]
SOON = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def ada(make_profile: Make) -> int:
    return make_profile("ada", "Ada Lovelace")


@pytest.fixture
def at() -> datetime:
    return utc_now() + SOON


@pytest.fixture
def slug(at: datetime, invalidated: Told) -> str:
    saved = write(publish=False)
    invalidated.clear()
    return publish_article(saved.slug, saved.version, TESTER, at).slug


def test_what_is_scheduled_is_seen_by_nobody_before_its_time(slug: str, at: datetime, invalidated: Told) -> None:
    assert (editing(slug).status, editing(slug).scheduled_for) == ("scheduled", at)
    assert publish_due(at - timedelta(seconds=1)) == []
    assert get_article(slug) is None
    save(slug, content="Better.")
    assert editing(slug).status == "scheduled"
    assert not editing(slug).has_working_copy
    assert invalidated == []


def test_it_appears_at_its_time_under_the_date_it_was_scheduled_for(slug: str, at: datetime) -> None:
    assert get_all_articles().cards == ()
    assert get_articles_by_username("ada").cards == ()
    assert publish_due(at) == [editing(slug).article_id]
    shown = get_article(slug)
    assert shown is not None
    assert (shown.published_at, shown.updated_at) == (at, at)
    assert [card.slug for card in get_all_articles().cards] == [slug]
    assert [card.slug for card in get_articles_by_username("ada").cards] == [slug]
    assert editing(slug).scheduled_for is None


def test_after_a_stop_everything_that_is_late_is_published_once(slug: str, at: datetime) -> None:
    other = write("Earlier", publish=False)
    publish_article(other.slug, None, TESTER, at - timedelta(minutes=1))
    late = at + timedelta(days=3)
    assert publish_due(late) == [other.article_id, editing(slug).article_id]
    assert publish_due(late) == []
    shown = get_article(slug)
    assert shown is not None
    assert shown.published_at == at
    deeds = [line.deed for line in get_revisions(shown.article_id)]
    assert deeds == ["published", "scheduled", "created"]
    assert [entry.user_name for entry in get_audit().entries if entry.deed == "published"] == ["the site"] * 2


def test_two_beats_at_once_publish_once(app: Flask, slug: str, at: datetime) -> None:
    article_id = editing(slug).article_id
    published: list[int] = []
    together = threading.Barrier(4)

    def beat() -> None:
        with app.app_context():
            together.wait(10)
            published.extend(publish_due(at))

    beats = [threading.Thread(target=beat) for _ in range(4)]
    for thread in beats:
        thread.start()
    for thread in beats:
        thread.join()
    assert published == [article_id]
    assert [line.deed for line in get_revisions(article_id)] == ["published", "scheduled", "created"]


def test_a_beat_that_looked_before_a_person_thought_better_publishes_nothing(
    slug: str, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = find_due(at)
    unpublish_article(slug, TESTER)
    monkeypatch.setattr("application.data.operations.schedule.find_due", lambda _now: found)
    assert publish_due(at) == []
    assert editing(slug).status == "draft"


def test_the_schedule_is_changed_and_left(slug: str, at: datetime) -> None:
    later = at + timedelta(days=1)
    publish_article(slug, None, TESTER, later)
    assert publish_due(at) == []
    assert editing(slug).scheduled_for == later
    publish_article(slug, None, TESTER)
    shown = get_article(slug)
    assert shown is not None
    assert shown.published_at < at
    assert publish_due(later) == []


def test_a_time_that_went_by_means_now(slug: str) -> None:
    before = utc_now()
    publish_article(slug, None, TESTER, before - timedelta(days=1))
    shown = get_article(slug)
    assert shown is not None
    assert shown.published_at >= before


def test_what_was_taken_back_is_scheduled_with_its_newer_draft(at: datetime) -> None:
    slug = write().slug
    save(slug, content="Newer.")
    unpublish_article(slug, TESTER)
    publish_article(slug, None, TESTER, at)
    assert not editing(slug).has_working_copy
    publish_due(at)
    shown = get_article(slug)
    assert shown is not None
    assert "Newer." in shown.html
    assert shown.published_at == at


def test_an_address_changed_before_its_time_is_nobodys_old_one(slug: str, at: datetime) -> None:
    assert edit(slug, slug="elsewhere").slug == "elsewhere"
    publish_due(at)
    assert get_article("elsewhere") is not None
    assert get_article(slug) is None
