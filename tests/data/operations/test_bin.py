"""The bin: out of everybody's sight, its address kept, gone for good after thirty days."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from application.data.data_access import (
    find_old_address,
    get_all_articles,
    get_article,
    get_articles_by_tag,
    get_articles_by_username,
    get_audit,
    get_desk,
    get_editing,
    get_like_count,
)
from application.data.errors import Invalid, NotFound
from application.data.models import (
    Article,
    ArticleAuthor,
    ArticleLike,
    Autosave,
    OldAddress,
    Revision,
    WorkingCopy,
)
from application.data.operations import autosaves, likes
from application.data.operations.articles import publish_article, save_article, unpublish_article
from application.data.operations.bin import KEPT, bin_article, empty_bin, take_from_bin
from application.data.operations.schedule import publish_due
from application.data.records import DeskFilter
from application.data.types import utc_now
from application.extensions import db
from tests.articles import TESTER, edit, editing, save, write

Make = Callable[..., int]
Told = list[tuple[str, set[str]]]


@pytest.fixture(autouse=True)
def ada(make_profile: Make) -> int:
    return make_profile("ada", "Ada Lovelace")


def count(table: Any) -> int:
    found = db.session.scalar(select(func.count()).select_from(table)) or 0
    db.session.rollback()
    return found


def in_desk(**wanted: Any) -> list[str]:
    return [line.slug for line in get_desk(DeskFilter(**wanted)).lines]


def test_what_is_binned_is_invisible_everywhere_but_in_the_bin(invalidated: Told) -> None:
    saved = edit(write(tags=("Rust",)).slug, slug="second")
    likes.add_like(saved.article_id, visitor_id="somebody")
    pages = (
        get_all_articles,
        lambda: get_articles_by_username("ada"),
        lambda: get_articles_by_tag("rust"),
    )
    assert [len(page().cards) for page in pages] == [1, 1, 1]
    assert find_old_address("/articles/on-engines") == "/articles/second"
    invalidated.clear()
    assert bin_article("second", TESTER).status == "binned"
    withdrawn = {tag for kind, tags in invalidated if kind == "withdrawn" for tag in tags}
    assert {"article/1", "card/1", "slug/second", "articles/latest"} <= withdrawn
    assert [len(page().cards) for page in pages] == [0, 0, 0]
    assert get_article("second") is None
    assert get_like_count(saved.article_id) is None
    assert find_old_address("/articles/on-engines") is None
    assert get_editing("second") is None
    assert in_desk() == []
    assert in_desk(state="published") == []
    binned = get_editing("second", binned=True)
    assert binned is not None
    assert binned.binned_at is not None
    assert in_desk(state="binned") == ["second"]


def test_nothing_can_be_done_to_what_is_binned_but_taking_it_out() -> None:
    saved = write()
    written = editing(saved.slug).written
    binned = bin_article(saved.slug, TESTER)
    for deed in (
        lambda: save_article(saved.slug, binned.version, written, TESTER),
        lambda: publish_article(saved.slug, None, TESTER),
        lambda: unpublish_article(saved.slug, TESTER),
        lambda: bin_article(saved.slug, TESTER),
        lambda: likes.add_like(saved.article_id, visitor_id="somebody"),
    ):
        with pytest.raises(NotFound):
            deed()


@pytest.mark.parametrize("publish", [True, False])
def test_what_is_taken_out_is_what_it_was(publish: bool) -> None:
    saved = write(publish=publish)
    save(saved.slug, content="Newer.")
    before = editing(saved.slug)
    bin_article(saved.slug, TESTER)
    with pytest.raises(NotFound):
        take_from_bin("nowhere", TESTER)
    assert take_from_bin(saved.slug, TESTER).version > before.version
    now = editing(saved.slug)
    assert (now.status, now.published_at, now.written) == (before.status, before.published_at, before.written)
    assert now.has_working_copy is publish
    assert (get_article(saved.slug) is not None) is publish
    with pytest.raises(NotFound):
        take_from_bin(saved.slug, TESTER)


def test_what_was_scheduled_waits_again_unless_its_time_went_by(monkeypatch: pytest.MonkeyPatch) -> None:
    at = utc_now() + timedelta(minutes=5)
    slug = write(publish=False).slug
    publish_article(slug, None, TESTER, at)
    bin_article(slug, TESTER)
    assert publish_due(at) == []
    take_from_bin(slug, TESTER)
    assert editing(slug).scheduled_for == at
    bin_article(slug, TESTER)
    monkeypatch.setattr("application.data.operations.bin.utc_now", lambda: at)
    take_from_bin(slug, TESTER)
    assert (editing(slug).status, editing(slug).scheduled_for) == ("draft", None)


def test_scheduled_changes_wait_again_unless_their_time_went_by(monkeypatch: pytest.MonkeyPatch) -> None:
    at = utc_now() + timedelta(minutes=5)
    slug = write().slug
    save(slug, content="Newer.")
    publish_article(slug, None, TESTER, at)
    bin_article(slug, TESTER)
    assert publish_due(at) == []
    take_from_bin(slug, TESTER)
    assert editing(slug).scheduled_for == at
    bin_article(slug, TESTER)
    monkeypatch.setattr("application.data.operations.bin.utc_now", lambda: at)
    take_from_bin(slug, TESTER)
    now = editing(slug)
    assert (now.status, now.scheduled_for, now.has_working_copy) == ("published", None, True)


def test_the_address_stays_taken_until_it_is_gone_for_good() -> None:
    saved = edit(write().slug, slug="second")
    bin_article("second", TESTER)
    assert write("Second").slug == "second-2"
    assert write("On Engines").slug == "on-engines-2"
    with pytest.raises(Invalid) as refused:
        write("Third", slug="second")
    assert set(refused.value.problems) == {"slug"}
    assert empty_bin(utc_now() + KEPT) == 1
    assert write("Third", slug="second").article_id != saved.article_id
    assert write("On Engines").slug == "on-engines"


def test_after_thirty_days_everything_of_it_is_gone(make_user: Make, invalidated: Told) -> None:
    saved = edit(write().slug, slug="second")
    save("second", content="Newer.")
    likes.add_like(saved.article_id, visitor_id="somebody")
    autosaves.keep(make_user("grace"), "form", saved.article_id, {"title": "x"})
    bin_article("second", TESTER)
    invalidated.clear()
    assert empty_bin(utc_now() + KEPT - timedelta(minutes=1)) == 0
    assert count(Article) == 1
    assert empty_bin(utc_now() + KEPT + timedelta(minutes=1)) == 1
    for table in (Article, ArticleAuthor, ArticleLike, Autosave, OldAddress, Revision, WorkingCopy):
        assert count(table) == 0, table
    # Nobody saw it any more.
    assert invalidated == []
    entry = get_audit().entries[0]
    assert (entry.deed, entry.user_name, entry.details) == ("deleted for good", "the site", {"slug": "second"})
    assert empty_bin(utc_now() + KEPT) == 0


def test_only_what_is_binned_is_deleted() -> None:
    slug = write().slug
    bin_article(slug, TESTER)
    take_from_bin(slug, TESTER)
    assert empty_bin(utc_now() + KEPT * 2) == 0
    assert get_article(slug) is not None
