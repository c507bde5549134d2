"""Writing articles: what is stored, what is refused, and that readers see it at once."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from application.data.data_access import (
    find_old_address,
    get_all_articles,
    get_article,
    get_articles_by_tag,
    get_articles_by_username,
    get_draft,
    get_tag,
)
from application.data.errors import EditConflict, Invalid, NotFound
from application.data.models import Article, ArticleAuthor, ArticleTag, OldAddress
from application.data.operations.articles import create_article, edit_article, publish_article, unpublish_article
from application.data.records import ArticleRecord, Draft
from application.extensions import db

Make = Callable[..., int]


@pytest.fixture
def ada(make_profile: Make) -> int:
    return make_profile("ada", "Ada Lovelace")


def create(ada: int, **changes: Any) -> str:
    values = {"title": "On Engines", "content": "They *weave*.", "standfirst": "", "publish": True, "tags": ["Rust"]}
    return create_article([ada], **{**values, **changes})


def draft(slug: str) -> Draft:
    found = get_draft(slug)
    db.session.rollback()
    assert found is not None
    return found


def article(slug: str) -> ArticleRecord:
    found = get_article(slug)
    assert found is not None
    return found


def edit(slug: str, **changes: Any) -> str:
    """Save the form as it was filled, with these changes."""
    now = draft(slug)
    values = {
        "version": now.version,
        "title": now.title,
        "content": now.content,
        "standfirst": now.standfirst,
        "publish": now.status == "published",
        "tags": [tag.name for tag in now.tags],
    }
    return edit_article(slug, **{**values, **changes})


def test_a_new_article_is_everywhere_at_once(ada: int) -> None:
    assert get_all_articles().cards == ()
    assert get_articles_by_username("ada").cards == ()
    assert get_article("on-engines") is None
    assert get_tag("rust") is None
    assert create(ada, standfirst=" How they \n weave ") == "on-engines"
    found = article("on-engines")
    assert "<em>weave</em>" in found.html
    assert (found.standfirst, found.reading_minutes) == ("How they weave", 1)
    assert [tag.slug for tag in found.tags] == ["rust"]
    for page in (get_all_articles(), get_articles_by_username("ada"), get_articles_by_tag("rust")):
        assert [card.slug for card in page.cards] == ["on-engines"]


def test_a_draft_is_nowhere_until_it_is_published(ada: int) -> None:
    slug = create(ada, publish=False)
    assert draft(slug).status == "draft"
    assert get_article(slug) is None
    assert get_all_articles().cards == ()
    publish_article(slug)
    assert article(slug).slug == slug
    assert get_articles_by_username("ada").cards[0].slug == slug


def test_what_is_taken_back_is_gone_at_once_and_returns_to_its_place(ada: int) -> None:
    slug = create(ada)
    published_at = article(slug).published_at
    create(ada, title="Later")
    unpublish_article(slug)
    assert get_article(slug) is None
    assert [card.slug for card in get_all_articles().cards] == ["later"]
    assert [card.slug for card in get_articles_by_username("ada").cards] == ["later"]
    assert draft(slug).status == "unpublished"
    publish_article(slug)
    assert article(slug).published_at == published_at
    assert [card.slug for card in get_all_articles().cards] == ["later", slug]


def test_an_edit_is_seen_on_every_page_at_once(ada: int) -> None:
    slug = create(ada)
    for read in (get_all_articles, lambda: get_articles_by_username("ada"), lambda: get_articles_by_tag("rust")):
        assert read().cards[0].title == "On Engines"
    assert edit(slug, title="On Looms") == slug
    for read in (get_all_articles, lambda: get_articles_by_username("ada"), lambda: get_articles_by_tag("rust")):
        assert read().cards[0].title == "On Looms"
    assert article(slug).title == "On Looms"


def test_an_edit_by_somebody_who_saw_an_older_version_changes_nothing(ada: int) -> None:
    slug = create(ada)
    seen = draft(slug).version
    edit(slug, title="First")
    with pytest.raises(EditConflict):
        edit(slug, version=seen, title="Second", content="Lost", tags=["Lost"])
    now = draft(slug)
    assert (now.title, now.content, [tag.name for tag in now.tags]) == ("First", "They *weave*.", ["Rust"])


def test_an_edit_that_changes_nothing_touches_nothing(ada: int, invalidated: list[tuple[str, set[str]]]) -> None:
    slug = create(ada)
    before = draft(slug)
    invalidated.clear()
    edit(slug)
    assert draft(slug) == before
    assert invalidated == []


def test_an_edit_of_the_tags_alone_is_an_edit(ada: int) -> None:
    slug = create(ada)
    before = draft(slug)
    edit(slug, tags=["Zig", "rust"])
    now = draft(slug)
    assert [tag.name for tag in now.tags] == ["Rust", "Zig"]
    assert now.version > before.version
    assert [card.slug for card in get_articles_by_tag("zig").cards] == [slug]
    edit(slug, tags=[])
    assert draft(slug).tags == ()
    assert get_articles_by_tag("zig").cards == ()


def test_authors_change_places_join_and_leave(ada: int, make_profile: Make) -> None:
    grace, joan = make_profile("grace"), make_profile("joan")
    slug = create_article([ada, grace, ada], "Together", "Text", publish=True)
    names = lambda: [author.user_name for author in draft(slug).authors]  # noqa: E731
    assert names() == ["ada", "grace"]
    edit(slug, author_profile_ids=[grace, ada])
    assert names() == ["grace", "ada"]
    edit(slug, author_profile_ids=[joan, grace])
    assert names() == ["joan", "grace"]
    assert get_articles_by_username("ada").cards == ()
    assert [card.slug for card in get_articles_by_username("joan").cards] == [slug]


def test_links_carry_the_date_of_what_is_listed_and_none_otherwise(ada: int) -> None:
    slug = create(ada)

    def dates() -> set[Any]:
        found = {
            *db.session.scalars(select(ArticleAuthor.published_at)),
            *db.session.scalars(select(ArticleTag.published_at)),
        }
        db.session.rollback()
        return found

    assert dates() == {article(slug).published_at}
    edit(slug, tags=["Rust", "Zig"])
    assert dates() == {article(slug).published_at}
    unpublish_article(slug)
    assert dates() == {None}
    edit(slug, tags=["New"])
    assert dates() == {None}


def test_two_articles_of_one_title_have_two_addresses(ada: int) -> None:
    assert [create(ada) for _ in range(3)] == ["on-engines", "on-engines-2", "on-engines-3"]
    assert create(ada, title="ON ENGINES") == "on-engines-4"


def test_many_articles_of_one_title_all_find_an_address(ada: int) -> None:
    assert len({create(ada, title="x" * 120, tags=[]) for _ in range(24)}) == 24


def test_a_title_without_letters_has_an_address_all_the_same(ada: int) -> None:
    assert create(ada, title="!?") == "article"


def test_the_old_address_leads_to_the_new_one(ada: int) -> None:
    slug = create(ada)
    assert edit(slug, new_slug="On Looms") == "on-looms"
    assert get_article(slug) is None
    assert article("on-looms").title == "On Engines"
    assert find_old_address("/articles/on-engines") == "/articles/on-looms"


def test_an_article_that_returns_to_its_address_leads_nowhere_else(ada: int) -> None:
    slug = create(ada)
    edit(edit(slug, new_slug="on-looms"), new_slug=slug)
    assert find_old_address("/articles/on-engines") is None
    assert find_old_address("/articles/on-looms") == "/articles/on-engines"


def test_a_draft_leaves_no_address_behind(ada: int) -> None:
    edit(create(ada, publish=False), new_slug="on-looms")
    assert db.session.scalar(select(func.count()).select_from(OldAddress)) == 0


def test_a_new_article_does_not_take_an_address_that_leads_elsewhere(ada: int) -> None:
    edit(create(ada), new_slug="on-looms")
    assert create(ada) == "on-engines-2"


@pytest.mark.parametrize("wished", ["second", "old-second"])
def test_an_address_of_another_article_is_refused(ada: int, wished: str) -> None:
    first, second = create(ada, title="First"), create(ada, title="Old second")
    edit(second, new_slug="second")
    before = draft(first)
    with pytest.raises(Invalid) as refused:
        edit(first, new_slug=wished, title="Changed")
    assert set(refused.value.problems) == {"slug"}
    assert draft(first) == before


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"title": ""}, {"title"}),
        ({"title": " \t\n "}, {"title"}),
        ({"title": "x" * 301}, {"title"}),
        ({"title": "a\x00b"}, {"title"}),
        ({"title": "a\x1bb"}, {"title"}),
        ({"title": "a\ud800b"}, {"title"}),
        ({"standfirst": "x" * 1001}, {"standfirst"}),
        ({"standfirst": "\x07"}, {"standfirst"}),
        ({"content": ""}, {"content"}),
        ({"content": "\r\n"}, {"content"}),
        ({"content": "a\x00"}, {"content"}),
        ({"content": "x" * 1_000_001}, {"content"}),
        ({"tags": ["x" * 101]}, {"tags"}),
        ({"tags": ["a\x00"]}, {"tags"}),
        ({"tags": ["!!"]}, {"tags"}),
        ({"tags": [f"tag {n}" for n in range(31)]}, {"tags"}),
        ({"title": "", "content": "", "standfirst": "\x00"}, {"title", "content", "standfirst"}),
    ],
)
def test_what_cannot_be_stored_is_refused_field_by_field(ada: int, changes: dict[str, Any], fields: set[str]) -> None:
    slug = create(ada)
    before = draft(slug)
    with pytest.raises(Invalid) as refused:
        create(ada, **changes)
    assert set(refused.value.problems) == fields
    with pytest.raises(Invalid):
        edit(slug, **changes)
    assert draft(slug) == before
    assert db.session.scalar(select(func.count()).select_from(Article)) == 1


def test_the_longest_of_everything_is_stored(ada: int) -> None:
    slug = create(ada, title="x" * 300, standfirst="y" * 1000, content="z " * 500_000, tags=["t" * 100])
    assert len(draft(slug).title) == 300


@pytest.mark.parametrize("authors", [[], [7], [1, 7]])
def test_an_article_needs_authors_who_exist(ada: int, authors: list[int]) -> None:
    with pytest.raises(Invalid) as refused:
        create_article(authors, "Title", "Text")
    assert set(refused.value.problems) == {"authors"}
    assert db.session.scalar(select(func.count()).select_from(Article)) == 0


def test_text_is_stored_in_one_spelling(ada: int) -> None:
    slug = create(ada, title=" U\u0308ber \r\n  alles ", content="a\r\nb\rc\u0301")
    assert (draft(slug).title, draft(slug).content) == ("Über alles", "a\nb\nć")
    assert slug == "über-alles"


def test_an_imported_article_is_ours_once_it_was_edited(ada: int) -> None:
    slug = create(ada)
    db.session.execute(update(Article).values(source_name="blog", source_path="a.md"))
    db.session.commit()
    edit(slug)
    assert db.session.scalar(select(Article.edited_here)) is False
    db.session.rollback()
    edit(slug, title="Changed")
    assert db.session.scalar(select(Article.edited_here)) is True


def test_what_is_not_there_cannot_be_changed(app: Flask) -> None:
    for deed in (publish_article, unpublish_article):
        with pytest.raises(NotFound):
            deed("nowhere")
    with pytest.raises(NotFound):
        edit_article("nowhere", 1, title="T", content="C", standfirst="", publish=True, tags=[])
