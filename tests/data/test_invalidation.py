"""What each change touches: all that was made from it, and nothing else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, insert, select, update

from application.caching.recording import Recording, record
from application.data import tags
from application.data.data_access import (
    find_old_address,
    get_all_articles,
    get_article,
    get_articles_by_tag,
    get_articles_by_username,
    get_like_count,
    get_person,
    get_tag,
)
from application.data.errors import DatabaseBusy
from application.data.invalidation import sweep_outbox, touch
from application.data.models import (
    Article,
    ArticleAuthor,
    ArticleTag,
    InvalidationOutbox,
    OldAddress,
    Profile,
    Tag,
)
from application.extensions import cache, db
from tests.data.conftest import EPOCH

Told = list[tuple[str, set[str]]]
Make = Callable[..., int]


@pytest.fixture
def ada(make_profile: Make) -> int:
    return make_profile("ada", "Ada Lovelace")


@pytest.fixture
def rust(make_tag: Make) -> int:
    return make_tag("rust", "Rust")


@pytest.fixture
def article(make_article: Make, ada: int, rust: int) -> Article:
    found = db.session.get(Article, make_article("first", (ada,), (rust,)))
    assert found is not None
    return found


@pytest.fixture
def told(article: Article, invalidated: Told) -> Told:
    """What the cache is told from here on, with the article already there, and loaded as a writer loads it."""
    db.session.refresh(article)
    invalidated.clear()
    return invalidated


def outbox() -> int:
    return db.session.scalar(select(func.count()).select_from(InvalidationOutbox)) or 0


def everything(told: Told) -> set[str]:
    return {tag for _, touched in told for tag in touched}


LISTS = {tags.latest(), "author/1", "tag/1"}
MINE = {"article/1", "card/1"}


@pytest.mark.parametrize(
    ("changes", "touched"),
    [
        ({"title": "Another"}, MINE),
        ({"standfirst": "Another"}, MINE),
        ({"reading_minutes": 9}, MINE),
        ({"language": "de"}, MINE),
        ({"direction": "rtl"}, MINE),
        ({"content": "Other text", "html": "<p>Other text</p>"}, {"article/1"}),
        ({"updated_at": EPOCH + timedelta(days=9)}, {"article/1"}),
        ({"slug": "second"}, MINE | {"slug/first", "slug/second"}),
        ({"published_at": EPOCH + timedelta(days=9)}, MINE | LISTS),
        ({"like_count": 7}, {"likes/1"}),
        ({"title": "First", "status": "published"}, set()),
        ({"source_hash": "0" * 64, "edited_here": True}, set()),
    ],
)
def test_a_changed_article_touches(article: Article, told: Told, changes: dict[str, Any], touched: set[str]) -> None:
    for name, value in changes.items():
        setattr(article, name, value)
    db.session.commit()
    assert everything(told) == touched
    assert {kind for kind, _ in told} <= {"changed"}


def test_an_article_taken_back_is_withdrawn(article: Article, told: Told) -> None:
    article.status = "unpublished"
    db.session.commit()
    touched = dict(told)
    assert touched["withdrawn"] == MINE | {"slug/first", tags.latest()}
    assert touched["changed"] == {"article/1", "card/1", "author/1", "tag/1"}


def test_a_deleted_article_is_withdrawn_from_everything(article: Article, told: Told) -> None:
    db.session.delete(article)
    db.session.commit()
    assert MINE | LISTS | {"slug/first", "likes/1"} <= dict(told)["withdrawn"]


def test_a_deleted_article_is_withdrawn_after_a_commit_forgot_its_parts(article: Article, told: Told) -> None:
    db.session.expire_all()
    db.session.delete(article)
    db.session.commit()
    assert everything(told) >= MINE | LISTS


def test_a_new_draft_touches_nothing(ada: int, make_article: Make, invalidated: Told) -> None:
    invalidated.clear()
    make_article("draft", (ada,), status="draft")
    assert invalidated == []


def test_a_new_article_touches_its_lists(ada: int, rust: int, make_article: Make, invalidated: Told) -> None:
    invalidated.clear()
    make_article("first", (ada,), (rust,))
    assert everything(invalidated) == MINE | LISTS | {"likes/1", "slug/first"}


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Another", "content": "Other", "html": "<p>Other", "updated_at": EPOCH},
        {"slug": "elsewhere"},
        {"status": "scheduled", "scheduled_for": EPOCH},
        {"status": "binned", "binned_at": EPOCH, "binned_from": "draft"},
        {"status": "unpublished", "published_at": EPOCH},
    ],
)
def test_what_readers_see_neither_before_nor_after_touches_nothing(
    ada: int, rust: int, make_profile: Make, make_article: Make, invalidated: Told, changes: dict[str, Any]
) -> None:
    grace = make_profile("grace", "Grace Hopper")
    draft = db.session.get(Article, make_article("draft", (ada,), (rust,), status="draft"))
    assert draft is not None
    invalidated.clear()
    for name, value in changes.items():
        setattr(draft, name, value)
    draft.authorships.append(ArticleAuthor(profile_id=grace, position=1))
    draft.authorships[0].position = 2
    draft.taggings.clear()
    db.session.commit()
    db.session.delete(draft)
    db.session.commit()
    assert invalidated == []


def test_a_draft_that_is_published_touches_its_lists(ada: int, make_article: Make, invalidated: Told) -> None:
    draft = db.session.get(Article, make_article("draft", (ada,), status="draft"))
    assert draft is not None
    invalidated.clear()
    draft.status, draft.published_at = "published", EPOCH
    db.session.commit()
    assert everything(invalidated) == MINE | {"slug/draft", tags.latest(), "author/1"}


def test_an_added_author_touches_the_card_and_their_own_list(article: Article, make_profile: Make, told: Told) -> None:
    grace = make_profile("grace", "Grace Hopper")
    told.clear()
    article.authorships.append(ArticleAuthor(profile_id=grace, position=1))
    db.session.commit()
    assert everything(told) == MINE | {f"author/{grace}"}


def test_a_removed_author_touches_the_card_and_their_own_list(article: Article, told: Told) -> None:
    article.authorships.clear()
    db.session.commit()
    assert everything(told) == MINE | {"author/1"}


def test_another_order_of_authors_touches_no_list(article: Article, told: Told) -> None:
    article.authorships[0].position = 3
    db.session.commit()
    assert everything(told) == MINE


def test_a_removed_tag_touches_its_list(article: Article, told: Told) -> None:
    article.taggings.clear()
    db.session.commit()
    assert everything(told) == {"article/1", "tag/1"}


def test_a_link_removed_by_itself_touches_its_list(article: Article, told: Told) -> None:
    link = db.session.get(ArticleTag, (1, 1))
    db.session.delete(link)
    db.session.commit()
    assert everything(told) == {"article/1", "tag/1"}


def test_a_changed_name_touches_the_person(article: Article, told: Told) -> None:
    person = db.session.get(Profile, 1)
    assert person is not None
    person.display_name = "Countess Lovelace"
    db.session.commit()
    assert everything(told) == {"person/1"}


def test_an_account_linked_to_a_person_touches_nothing(article: Article, make_user: Make, told: Told) -> None:
    person = db.session.get(Profile, 1)
    assert person is not None
    person.user_id = make_user("somebody")
    db.session.commit()
    assert everything(told) == set()


def test_what_comes_into_being_touches_its_absence(app: Flask, article: Article, told: Told) -> None:
    db.session.add_all(
        [
            Profile(user_name="new", display_name="New"),
            Tag(slug="new", name="New"),
            OldAddress(address="/new", article_id=article.article_id),
        ]
    )
    db.session.commit()
    assert everything(told) == {"user_name/new", "person/2", "tag_slug/new", "old_address/new"}


def test_what_is_touched_by_hand_is_told(app: Flask, invalidated: Told) -> None:
    touch("card/7")
    touch("card/8", kind="withdrawn")
    db.session.commit()
    assert sorted(invalidated) == [("changed", {"card/7"}), ("withdrawn", {"card/8"})]
    assert outbox() == 0


def test_nothing_is_told_before_the_commit(article: Article, told: Told) -> None:
    article.title = "Another"
    db.session.flush()
    assert told == []


def test_a_rollback_forgets(article: Article, told: Told) -> None:
    article.title = "Another"
    db.session.flush()
    db.session.rollback()
    touch("card/8")
    db.session.commit()
    assert everything(told) == {"card/8"}


def test_a_savepoint_forgets_alone(article: Article, told: Told) -> None:
    article.standfirst = "Kept"
    outer = db.session.begin_nested()
    touch("card/20")
    inner = db.session.begin_nested()
    touch("card/30")
    inner.rollback()
    outer.commit()
    lost = db.session.begin_nested()
    touch("card/40")
    lost.rollback()
    db.session.commit()
    assert everything(told) == MINE | {"card/20"}


def test_a_savepoint_inside_one_that_is_rolled_back_is_forgotten_too(article: Article, told: Told) -> None:
    outer = db.session.begin_nested()
    with db.session.begin_nested():
        touch("card/30")
    outer.rollback()
    db.session.commit()
    assert everything(told) == set()


def test_a_core_write_that_touches_by_hand_is_told_once(article: Article, told: Told) -> None:
    db.session.execute(update(Article).values(like_count=5), execution_options={"synchronize_session": False})
    touch("likes/1")
    db.session.commit()
    db.session.commit()
    assert told == [("changed", {"likes/1"})]


def test_the_outbox_keeps_what_could_not_be_told(
    article: Article, monkeypatch: pytest.MonkeyPatch, invalidated: Told
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(cache, "invalidate", lambda *_: False)
        article.title = "Another"
        db.session.commit()
        assert outbox() == 1
        db.session.rollback()
        assert sweep_outbox() == 0
        assert outbox() == 1
    db.session.rollback()
    invalidated.clear()
    assert sweep_outbox() == 1
    assert invalidated == [("changed", MINE)]
    db.session.rollback()
    assert outbox() == 0


def test_what_could_not_be_told_is_told_as_soon_as_the_cache_answers(
    article: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(cache, "invalidate", lambda *_: False)
        article.title = "Another"
        db.session.commit()
    assert outbox() == 1
    db.session.rollback()
    assert cache.engine is not None
    cache.engine.breaker.trip()
    cache.engine.breaker._retry_at = 0
    assert cache.is_ready()
    assert outbox() == 0


def test_a_sweep_takes_any_number_of_rows(app: Flask, invalidated: Told) -> None:
    with db.engine.begin() as connection:
        connection.execute(insert(InvalidationOutbox), [{"tags": [f"card/{n}"]} for n in range(1203)])
    invalidated.clear()
    assert sweep_outbox() == 1203
    assert len(everything(invalidated)) == 1203


def test_the_write_stands_when_its_outbox_row_cannot_be_deleted(
    article: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise DatabaseBusy

    with monkeypatch.context() as patched:
        patched.setattr("application.data.invalidation._delete", busy)
        article.title = "Another"
        db.session.commit()
    assert outbox() == 1


# What is read notes exactly what the writes above touch.


def noted(read: Callable[[], object]) -> set[str]:
    """The tags that a cached function records."""
    with record(Recording()) as recording:
        read()
    return {tag for tag in recording.tags if not tag.startswith("fn/")}


def test_each_read_notes_what_it_was_made_from(article: Article) -> None:
    card = {"card/1", "person/1"}
    assert noted(get_all_articles) == {tags.latest(), *card}
    assert noted(lambda: get_articles_by_username("ada")) == {"author/1", "user_name/ada", *card}
    assert noted(lambda: get_articles_by_tag("rust")) == {"tag/1", "tag_slug/rust", *card}
    assert noted(lambda: get_article("first")) == {"article/1", "likes/1", "person/1", "tag_slug/rust"}
    assert noted(lambda: get_person("ada")) == {"person/1", "user_name/ada"}
    assert noted(lambda: get_tag("rust")) == {"tag_slug/rust", "tag/1"}
    assert noted(lambda: get_like_count(1)) == {"likes/1", "card/1"}


def test_each_read_notes_what_was_absent(app: Flask) -> None:
    assert noted(get_all_articles) == {tags.latest()}
    assert noted(lambda: get_article("first")) == {"slug/first"}
    assert noted(lambda: get_person("ada")) == {"user_name/ada"}
    assert noted(lambda: get_tag("rust")) == {"tag_slug/rust"}
    assert noted(lambda: find_old_address("/old")) == {"old_address/old"}
    assert noted(lambda: get_like_count(1)) == {"likes/1", "card/1"}
