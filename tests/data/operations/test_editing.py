"""The life of an article: newer drafts that nobody sees, saves that do not overwrite, revisions that keep all."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update

from application.data.data_access import (
    find_old_address,
    get_all_articles,
    get_article,
    get_audit,
    get_revision,
    get_revisions,
    get_tag,
)
from application.data.errors import EditConflict, Invalid, NotFound
from application.data.models import Article, AuditEntry, Profile, Revision, User, WorkingCopy
from application.data.operations import articles
from application.data.operations.articles import (
    discard_working_copy,
    publish_article,
    restore_revision,
    save_article,
    unpublish_article,
)
from application.data.records import Actor, Written
from application.data.types import utc_now
from application.extensions import db
from tests.articles import TESTER, edit, editing, save, write
from tests.data.conftest import Statement

Make = Callable[..., int]
Told = list[tuple[str, set[str]]]


@pytest.fixture(autouse=True)
def ada(make_profile: Make) -> int:
    return make_profile("ada", "Ada Lovelace")


@pytest.fixture
def slug(invalidated: Told) -> str:
    """A published article; what the caches were told of it is behind us."""
    saved = write(tags=("Rust",))
    invalidated.clear()
    return saved.slug


def deeds(slug: str) -> list[str]:
    lines = get_revisions(editing(slug).article_id)
    assert [line.number for line in lines] == list(range(len(lines), 0, -1))
    return [line.deed for line in reversed(lines)]


def count(table: Any) -> int:
    found = db.session.scalar(select(func.count()).select_from(table)) or 0
    db.session.rollback()
    return found


# Newer drafts.


def test_a_save_of_what_readers_see_is_a_newer_draft(slug: str, invalidated: Told) -> None:
    seen = get_article(slug)
    before = editing(slug)
    saved = save(slug, title="On Looms", content="Newer.", tags=("Secret project",), slug="on-looms")
    assert (saved.slug, saved.status) == (slug, "published")
    assert saved.version > before.version
    now = editing(slug)
    assert now.has_working_copy
    assert (now.written.title, now.written.tags, now.written.slug) == ("On Looms", ("Secret project",), "on-looms")
    assert get_article(slug) == seen
    assert get_tag("secret-project") is None
    assert get_article("on-looms") is None
    assert invalidated == []


def test_a_newer_draft_is_saved_again_and_again(slug: str, invalidated: Told) -> None:
    for number in range(3):
        save(slug, content=f"Version {number}.")
    assert editing(slug).written.content == "Version 2."
    assert deeds(slug) == ["created", "published", "draft", "draft", "draft"]
    assert count(WorkingCopy) == 1
    assert invalidated == []


def test_publishing_shows_the_newer_draft(slug: str) -> None:
    first = get_article(slug)
    assert first is not None
    saved = save(slug, title="On Looms", slug="on-looms", tags=("Zig",))
    assert publish_article(slug, saved.version, TESTER).slug == "on-looms"
    shown = get_article("on-looms")
    assert shown is not None
    assert (shown.title, [tag.slug for tag in shown.tags]) == ("On Looms", ["zig"])
    assert shown.published_at == first.published_at
    assert shown.updated_at > first.updated_at
    assert find_old_address(f"/articles/{slug}") == "/articles/on-looms"
    assert not editing("on-looms").has_working_copy
    assert count(WorkingCopy) == 0


def test_publishing_what_is_shown_already_changes_nothing(slug: str, invalidated: Told) -> None:
    before = editing(slug)
    assert publish_article(slug, before.version, TESTER).version == before.version
    assert invalidated == []
    assert deeds(slug) == ["created", "published"]


def test_a_newer_draft_can_be_discarded_and_found_again(slug: str, invalidated: Told) -> None:
    saved = save(slug, content="Newer.")
    gone = discard_working_copy(slug, saved.version, TESTER)
    assert gone.version > saved.version
    assert editing(slug).written.content == "They *weave*."
    assert invalidated == []
    restore_revision(slug, gone.version, 3, TESTER)
    assert editing(slug).written.content == "Newer."
    assert deeds(slug) == ["created", "published", "draft", "discarded", "restored"]


def test_a_newer_draft_outlives_that_the_article_is_taken_back(slug: str) -> None:
    save(slug, content="Newer.")
    unpublish_article(slug, TESTER)
    assert editing(slug).written.content == "Newer."
    save(slug, title="Newest")
    now = editing(slug)
    assert (now.written.title, now.written.content, now.has_working_copy) == ("Newest", "Newer.", False)
    publish_article(slug, None, TESTER)
    shown = get_article(slug)
    assert shown is not None
    assert "Newer." in shown.html


def test_a_newer_draft_cannot_take_an_address_of_another(slug: str) -> None:
    write("Other")
    with pytest.raises(Invalid) as refused:
        save(slug, slug="other")
    assert set(refused.value.problems) == {"slug"}
    save(slug, slug="new")
    write("New")
    with pytest.raises(Invalid) as refused:
        publish_article(slug, None, TESTER)
    assert set(refused.value.problems) == {"slug"}
    assert get_article(slug) is not None


# Two people.


@pytest.mark.parametrize("publish", [True, False])
def test_the_second_of_two_who_save_changes_nothing(publish: bool, invalidated: Told) -> None:
    saved = write(publish=publish)
    save(saved.slug, content="First.")
    invalidated.clear()
    revisions = deeds(saved.slug)
    before = editing(saved.slug)
    for deed in (
        lambda: save(saved.slug, version=saved.version, content="Second."),
        lambda: publish_article(saved.slug, saved.version, TESTER),
        lambda: discard_working_copy(saved.slug, saved.version, TESTER),
        lambda: restore_revision(saved.slug, saved.version, 1, TESTER),
    ):
        with pytest.raises(EditConflict):
            deed()
    assert editing(saved.slug) == before
    assert deeds(saved.slug) == revisions
    assert invalidated == []


def test_of_many_who_save_at_once_one_does(app: Flask, slug: str) -> None:
    version = editing(slug).version
    outcomes: list[str] = []
    from_here = threading.Barrier(4)

    def work(number: int) -> None:
        with app.app_context():
            from_here.wait(10)
            try:
                save(slug, version=version, content=f"Text {number}.")
                outcomes.append("saved")
            except EditConflict:
                outcomes.append("conflict")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict"] * 3 + ["saved"]
    assert deeds(slug) == ["created", "published", "draft"]


# Revisions and the log.


def test_every_save_is_a_revision_of_somebody(make_user: Make) -> None:
    by = Actor(make_user("grace"), "grace")
    written = Written("A title", "", "One.", authors=("ada",), tags=("Rust",))
    made = articles.create_article(written, by)
    save_article(made.slug, made.version, Written("A title", "", "Two.", authors=("ada",)), by)
    first, second = (get_revision(made.article_id, number) for number in (1, 2))
    assert first is not None
    assert second is not None
    assert first.written == Written("A title", "", "One.", slug="a-title", authors=("ada",), tags=("Rust",))
    assert (second.written.content, second.written.tags) == ("Two.", ())
    assert (second.line.user_name, second.line.deed) == ("grace", "saved")
    assert second.line.created_at >= first.line.created_at
    assert get_revision(made.article_id, 3) is None
    assert get_revision(made.article_id, 2**70) is None


def test_an_earlier_text_is_restored_where_the_article_is_now(make_profile: Make) -> None:
    make_profile("grace")
    slug = write(publish=False, tags=("Rust",)).slug
    save(slug, title="Changed", content="Changed.", tags=(), slug="elsewhere", authors=("grace",))
    before = editing("elsewhere")
    restore_revision("elsewhere", before.version, 1, TESTER)
    now = editing("elsewhere").written
    assert (now.title, now.content, now.tags) == ("On Engines", "They *weave*.", ("Rust",))
    assert (now.slug, now.authors) == ("elsewhere", ("grace",))
    with pytest.raises(NotFound):
        restore_revision("elsewhere", before.version + 1, 99, TESTER)


def test_what_stood_there_before_revisions_were_kept_is_kept_too(make_article: Make, ada: int) -> None:
    make_article("first", (ada,), status="draft")
    save("first", content="Changed.")
    assert deeds("first") == ["found", "saved"]
    found = get_revision(editing("first").article_id, 1)
    assert found is not None
    assert found.written.content == "Text"


def test_a_save_that_changes_nothing_is_none(slug: str) -> None:
    before = editing(slug)
    save(slug, tags=("rust",), title=" On  Engines ")
    assert editing(slug) == before
    assert deeds(slug) == ["created", "published"]


def test_the_log_says_who_did_what(make_user: Make) -> None:
    by = Actor(make_user("grace"), "grace")
    made = articles.create_article(Written("A title", "", "One.", authors=("ada",)), by)
    publish_article(made.slug, None, by)
    unpublish_article(made.slug, by)
    entries = get_audit().entries
    assert [entry.deed for entry in entries] == ["unpublished", "published", "created"]
    assert {(entry.user_name, entry.subject) for entry in entries} == {("grace", f"article {made.article_id}: A title")}


# Faults.


def test_a_user_deleted_while_saving_leaves_nothing_half_done(make_user: Make) -> None:
    by = Actor(make_user("grace"), "grace")
    made = articles.create_article(Written("A title", "", "One.", authors=("ada",)), by)
    db.session.execute(delete(User))
    db.session.commit()
    # The words were sent, and are kept whole under the name alone.
    saved = save_article(made.slug, made.version, Written("A title", "", "Two.", authors=("ada",)), by)
    assert editing(saved.slug).written.content == "Two."
    assert deeds(saved.slug) == ["created", "saved"]
    assert set(db.session.execute(select(Revision.user_id, Revision.user_name))) == {(None, "grace")}
    assert set(db.session.execute(select(AuditEntry.user_id, AuditEntry.user_name))) == {(None, "grace")}


def test_an_author_deleted_while_saving_leaves_nothing_half_done(slug: str, invalidated: Told) -> None:
    now = editing(slug)
    db.session.execute(delete(Profile))
    db.session.commit()
    with pytest.raises(Invalid) as refused:
        save_article(slug, now.version, Written("Changed", "", "Changed.", authors=("ada",)), TESTER)
    assert set(refused.value.problems) == {"authors"}
    assert (editing(slug).version, editing(slug).written.title) == (now.version, "On Engines")
    assert count(Revision) == 2
    assert invalidated == []


def test_a_save_waits_for_a_database_that_is_locked_for_three_seconds(slug: str) -> None:
    with db.engine.connect() as other:
        other.execute(update(Article).values(like_count=Article.like_count))
        release = threading.Timer(3.0, other.rollback)
        release.start()
        save(slug, content="After the lock.")
        release.join()
    assert editing(slug).written.content == "After the lock."


@pytest.mark.parametrize("step", ["revise", "note_all"])
def test_a_save_that_fails_on_the_way_is_not_begun(
    slug: str, step: str, monkeypatch: pytest.MonkeyPatch, invalidated: Told
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the power went")

    before = editing(slug)
    unpublish_article(slug, TESTER)
    now = editing(slug)
    invalidated.clear()
    monkeypatch.setattr(f"application.data.operations.editing.{step}", fail)
    with pytest.raises(RuntimeError, match="power"):
        save(slug, content="Half.", tags=("Half",))
    assert editing(slug) == now
    assert before.written == now.written
    assert invalidated == []


def test_a_save_takes_few_statements(slug: str, statements: list[Statement]) -> None:
    now = editing(slug)
    author = now.written
    statements.clear()
    save_article(slug, now.version, Written("Changed", "", "Changed.", tags=author.tags, authors=("ada",)), TESTER)
    # The article, what is around it; the version, the newer draft, the revision, the entry of the log. What each deed
    # takes with everything before and after it is in tests/controller/test_statements.py.
    assert len(statements) == 6, [statement.text for statement in statements]


# What is scheduled is in test_schedule.py; what concerns a date alone is here.


def test_a_date_in_the_year_9999_is_refused(slug: str) -> None:
    draft = write("Draft", publish=False)
    for at in (datetime(9999, 12, 31, 23, 59, tzinfo=UTC), utc_now() + timedelta(days=5 * 366 + 1)):
        with pytest.raises(Invalid) as refused:
            publish_article(draft.slug, None, TESTER, at)
        assert set(refused.value.problems) == {"at"}
    assert editing(draft.slug).status == "draft"
    with pytest.raises(ValueError, match="zone"):
        publish_article(draft.slug, None, TESTER, datetime(2030, 1, 1))  # noqa: DTZ001 - that is the point
    with pytest.raises(Invalid) as refused:
        publish_article(slug, None, TESTER, utc_now() + timedelta(days=1))
    assert set(refused.value.problems) == {"at"}


def test_an_edit_of_the_newer_draft_is_shown_at_once_everywhere(slug: str) -> None:
    assert get_all_articles().cards[0].title == "On Engines"
    edit(slug, title="On Looms")
    assert get_all_articles().cards[0].title == "On Looms"
