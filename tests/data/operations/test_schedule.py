"""Publishing at a time: by nobody before it, once, however late and however many beats there are."""

import threading
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta

import pytest
from flask import Flask

from application.data.data_access import (
    find_due,
    get_all_articles,
    get_article,
    get_articles_by_username,
    get_audit,
    get_desk,
    get_revisions,
)
from application.data.errors import DatabaseBusy, EditConflict, Invalid
from application.data.operations import schedule
from application.data.operations.articles import (
    discard_working_copy,
    publish_article,
    restore_revision,
    unpublish_article,
    unschedule_article,
)
from application.data.operations.editing import peek
from application.data.operations.schedule import publish_due
from application.data.records import Actor, DeskFilter, Saved
from application.data.types import utc_now
from tests.articles import TESTER, edit, editing, save, write

Make = Callable[..., int]
Told = list[tuple[str, set[str]]]
Deed = Callable[[str], Saved]
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


def at_once(app: Flask, beats: int, beat: Callable[[], list[int]]) -> list[int]:
    """Return what several beats published together."""
    published: list[int] = []
    together = threading.Barrier(beats)

    def run() -> None:
        with app.app_context():
            together.wait(10)
            published.extend(beat())

    threads = [threading.Thread(target=run) for _ in range(beats)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return published


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


@pytest.mark.parametrize("failure", [DatabaseBusy(), EditConflict(), RuntimeError("out of ink")], ids=repr)
def test_an_article_that_fails_keeps_no_other_from_appearing(
    slug: str, at: datetime, failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write("Earlier", publish=False)
    publish_article(first.slug, None, TESTER, at - timedelta(minutes=1))
    publishing = schedule.__dict__["_publish_as_seen"]

    def fail_once(article_id: int, now: datetime) -> bool:
        if article_id == first.article_id:
            raise failure
        return bool(publishing(article_id, now))

    monkeypatch.setattr(schedule, "_publish_as_seen", fail_once)
    # What was busy is said, so that the job comes again at once.
    with pytest.raises(DatabaseBusy) if isinstance(failure, DatabaseBusy) else nullcontext():
        assert publish_due(at) == [editing(slug).article_id]
    assert (editing(slug).status, editing(first.slug).status) == ("published", "scheduled")
    monkeypatch.setattr(schedule, "_publish_as_seen", publishing)
    assert publish_due(at) == [first.article_id]


def test_two_beats_at_once_publish_once(app: Flask, slug: str, at: datetime) -> None:
    article_id = editing(slug).article_id
    assert at_once(app, 4, lambda: publish_due(at)) == [article_id]
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


@pytest.fixture
def changes(at: datetime, invalidated: Told) -> str:
    """An article whose newer draft waits for its time."""
    slug = write().slug
    save(slug, content="Newer.", tags=("New",))
    invalidated.clear()
    publish_article(slug, None, TESTER, at)
    return slug


def text_of(slug: str) -> str:
    shown = get_article(slug)
    assert shown is not None
    return shown.html


def test_changes_are_seen_by_nobody_before_their_time(changes: str, at: datetime, invalidated: Told) -> None:
    now = editing(changes)
    assert (now.status, now.scheduled_for, now.has_working_copy) == ("published", at, True)
    assert publish_due(at - timedelta(seconds=1)) == []
    assert "Newer." not in text_of(changes)
    assert get_revisions(now.article_id)[0].deed == "scheduled"
    assert invalidated == []
    assert [line.slug for line in get_desk(DeskFilter(state="scheduled")).lines] == [changes]


def test_changes_are_published_once_dated_as_they_were_scheduled(changes: str, at: datetime) -> None:
    before = get_article(changes)
    late = at + timedelta(days=3)
    assert publish_due(late) == [editing(changes).article_id]
    assert publish_due(late) == []
    shown = get_article(changes)
    assert before is not None
    assert shown is not None
    assert "Newer." in shown.html
    assert [tag.slug for tag in shown.tags] == ["new"]
    assert (shown.published_at, shown.updated_at) == (before.published_at, at)
    now = editing(changes)
    assert (now.status, now.scheduled_for, now.has_working_copy) == ("published", None, False)
    assert get_revisions(shown.article_id)[0].deed == "published"
    assert get_desk(DeskFilter(state="scheduled")).lines == ()


def test_a_save_keeps_the_time_of_the_changes_and_what_was_saved_last_appears(changes: str, at: datetime) -> None:
    assert save(changes, content="Newest.").scheduled_for == at
    restore_revision(changes, editing(changes).version, 1, TESTER)
    save(changes, content="Newest of all.")
    assert editing(changes).scheduled_for == at
    publish_due(at)
    assert "Newest of all." in text_of(changes)


@pytest.mark.parametrize(
    "deed",
    [
        lambda slug: unschedule_article(slug, TESTER),
        lambda slug: discard_working_copy(slug, editing(slug).version, TESTER),
        lambda slug: publish_article(slug, None, TESTER),
        lambda slug: unpublish_article(slug, TESTER),
    ],
    ids=["taken off", "discarded", "published now", "taken back"],
)
def test_a_deed_that_decides_otherwise_takes_the_time_away(changes: str, at: datetime, deed: Deed) -> None:
    saved = deed(changes)
    assert (saved.scheduled_for, editing(changes).scheduled_for) == (None, None)
    seen = get_article(changes)
    assert publish_due(at) == []
    assert get_article(changes) == seen


def test_the_time_of_changes_is_moved(changes: str, at: datetime) -> None:
    later = at + timedelta(days=1)
    assert publish_article(changes, None, TESTER, later).scheduled_for == later
    version = editing(changes).version
    assert publish_article(changes, None, TESTER, later).version == version
    assert publish_due(at) == []
    assert publish_due(later) == [editing(changes).article_id]


def test_two_beats_at_once_publish_changes_once(app: Flask, changes: str, at: datetime) -> None:
    assert at_once(app, 4, lambda: publish_due(at)) == [editing(changes).article_id]
    assert [line.deed for line in get_revisions(editing(changes).article_id)].count("published") == 2


def test_a_save_in_the_moment_of_publishing_is_what_appears(
    changes: str, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def peek_and_save(article_id: int, version: int | None, by: Actor) -> object:
        found = peek(article_id, version, by)
        if not seen:
            save(changes, content="In the last moment.")
        seen.append(article_id)
        return found

    monkeypatch.setattr("application.data.operations.schedule.peek", peek_and_save)
    assert len(publish_due(at)) == 1
    assert len(seen) == 2
    assert "In the last moment." in text_of(changes)


def test_changes_that_cannot_be_published_any_more_are_left_to_their_author(changes: str, at: datetime) -> None:
    save(changes, slug="wanted-by-two")
    write("Another", slug="wanted-by-two")
    due = write("Due as well", publish=False)
    publish_article(due.slug, None, TESTER, at)
    assert publish_due(at) == [due.article_id]
    now = editing(changes)
    assert (now.status, now.scheduled_for, now.has_working_copy) == ("published", None, True)
    assert "Newer." not in text_of(changes)
    assert get_revisions(now.article_id)[0].deed == "not published"
    (entry,) = [entry for entry in get_audit().entries if entry.deed == "not published"]
    assert "address" in entry.details["problem"]
    assert publish_due(at) == []


def test_an_article_without_changes_has_nothing_to_schedule(at: datetime) -> None:
    slug = write().slug
    with pytest.raises(Invalid) as refused:
        publish_article(slug, None, TESTER, at)
    assert set(refused.value.problems) == {"at"}
    assert editing(slug).scheduled_for is None


def test_an_address_changed_before_its_time_is_nobodys_old_one(slug: str, at: datetime) -> None:
    assert edit(slug, slug="elsewhere").slug == "elsewhere"
    publish_due(at)
    assert get_article("elsewhere") is not None
    assert get_article(slug) is None
