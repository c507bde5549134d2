"""Writing articles: what is stored, what is refused, and that readers see it at once."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, update

from application.data.data_access import (
    find_old_address,
    get_all_articles,
    get_article,
    get_articles_by_tag,
    get_articles_by_username,
    get_tag,
)
from application.data.errors import EditConflict, Invalid, NotFound
from application.data.models import Article, ArticleAuthor, ArticleTag, OldAddress
from application.data.operations.articles import (
    discard_working_copy,
    publish_article,
    restore_revision,
    save_article,
    unpublish_article,
)
from application.data.operations.bin import bin_article, take_from_bin
from application.data.records import ArticleRecord, Written
from application.extensions import db
from tests import articles as writing
from tests.articles import TESTER, editing, write

Make = Callable[..., int]


@pytest.fixture(autouse=True)
def ada(make_profile: Make) -> int:
    return make_profile("ada", "Ada Lovelace")


def create(title: str = "On Engines", **changes: Any) -> str:
    return write(title, **{"tags": ("Rust",), **changes}).slug


def edit(slug: str, /, **changes: Any) -> str:
    return writing.edit(slug, **changes).slug


def article(slug: str) -> ArticleRecord:
    found = get_article(slug)
    assert found is not None
    return found


def test_a_new_article_is_everywhere_at_once() -> None:
    assert get_all_articles().cards == ()
    assert get_articles_by_username("ada").cards == ()
    assert get_article("on-engines") is None
    assert get_tag("rust") is None
    assert create(standfirst=" How they \n weave ") == "on-engines"
    found = article("on-engines")
    assert "<em>weave</em>" in found.html
    assert (found.standfirst, found.reading_minutes) == ("How they weave", 1)
    assert [tag.slug for tag in found.tags] == ["rust"]
    for page in (get_all_articles(), get_articles_by_username("ada"), get_articles_by_tag("rust")):
        assert [card.slug for card in page.cards] == ["on-engines"]


def test_a_draft_is_nowhere_until_it_is_published() -> None:
    slug = create(publish=False)
    assert editing(slug).status == "draft"
    assert get_article(slug) is None
    assert get_all_articles().cards == ()
    publish_article(slug, None, TESTER)
    assert article(slug).slug == slug
    assert get_articles_by_username("ada").cards[0].slug == slug


def test_what_is_taken_back_is_gone_at_once_and_returns_to_its_place() -> None:
    slug = create()
    published_at = article(slug).published_at
    create("Later")
    unpublish_article(slug, TESTER)
    assert get_article(slug) is None
    assert [card.slug for card in get_all_articles().cards] == ["later"]
    assert [card.slug for card in get_articles_by_username("ada").cards] == ["later"]
    assert editing(slug).status == "unpublished"
    publish_article(slug, None, TESTER)
    assert article(slug).published_at == published_at
    assert [card.slug for card in get_all_articles().cards] == ["later", slug]


def test_an_edit_is_seen_on_every_page_at_once() -> None:
    slug = create()
    for read in (get_all_articles, lambda: get_articles_by_username("ada"), lambda: get_articles_by_tag("rust")):
        assert read().cards[0].title == "On Engines"
    assert edit(slug, title="On Looms") == slug
    for read in (get_all_articles, lambda: get_articles_by_username("ada"), lambda: get_articles_by_tag("rust")):
        assert read().cards[0].title == "On Looms"
    assert article(slug).title == "On Looms"


def test_an_edit_by_somebody_who_saw_an_older_version_changes_nothing() -> None:
    slug = create()
    seen = editing(slug).version
    edit(slug, title="First")
    with pytest.raises(EditConflict):
        edit(slug, version=seen, title="Second", content="Lost", tags=("Lost",))
    now = editing(slug)
    assert (now.written.title, now.written.content, now.written.tags) == ("First", "They *weave*.", ("Rust",))


def test_an_edit_that_changes_nothing_touches_nothing(invalidated: list[tuple[str, set[str]]]) -> None:
    slug = create()
    before = editing(slug)
    invalidated.clear()
    edit(slug)
    assert editing(slug) == before
    assert invalidated == []


def test_an_edit_of_the_tags_alone_is_an_edit() -> None:
    slug = create()
    before = editing(slug)
    edit(slug, tags=("Zig", "rust"))
    now = editing(slug)
    assert now.written.tags == ("Rust", "Zig")
    assert now.version > before.version
    assert [card.slug for card in get_articles_by_tag("zig").cards] == [slug]
    edit(slug, tags=())
    assert editing(slug).written.tags == ()
    assert get_articles_by_tag("zig").cards == ()


def test_authors_change_places_join_and_leave(make_profile: Make) -> None:
    make_profile("grace"), make_profile("joan")
    slug = create("Together", authors=("ada", " Grace ", "ada"))
    names = lambda: [author.user_name for author in editing(slug).authors]  # noqa: E731
    assert names() == ["ada", "grace"]
    edit(slug, authors=("grace", "ada"))
    assert names() == ["grace", "ada"]
    edit(slug, authors=("joan", "grace"))
    assert names() == ["joan", "grace"]
    assert get_articles_by_username("ada").cards == ()
    assert [card.slug for card in get_articles_by_username("joan").cards] == [slug]


def test_links_carry_the_date_of_what_is_listed_and_none_otherwise() -> None:
    slug = create()

    def dates() -> set[Any]:
        found = {
            *db.session.scalars(select(ArticleAuthor.published_at)),
            *db.session.scalars(select(ArticleTag.published_at)),
        }
        db.session.rollback()
        return found

    assert dates() == {article(slug).published_at}
    edit(slug, tags=("Rust", "Zig"))
    assert dates() == {article(slug).published_at}
    unpublish_article(slug, TESTER)
    assert dates() == {None}
    edit(slug, tags=("New",))
    assert dates() == {None}


def test_two_articles_of_one_title_have_two_addresses() -> None:
    assert [create() for _ in range(3)] == ["on-engines", "on-engines-2", "on-engines-3"]
    assert create("ON ENGINES") == "on-engines-4"


def test_many_articles_of_one_title_all_find_an_address() -> None:
    assert len({create("x" * 120, tags=()) for _ in range(24)}) == 24


def test_a_title_without_letters_has_an_address_all_the_same() -> None:
    assert create("!?") == "article"


def test_the_old_address_leads_to_the_new_one() -> None:
    slug = create()
    assert edit(slug, slug="On Looms") == "on-looms"
    assert get_article(slug) is None
    assert article("on-looms").title == "On Engines"
    assert find_old_address("/articles/on-engines") == "/articles/on-looms"


def test_an_article_that_returns_to_its_address_leads_nowhere_else() -> None:
    slug = create()
    edit(edit(slug, slug="on-looms"), slug=slug)
    assert find_old_address("/articles/on-engines") is None
    assert find_old_address("/articles/on-looms") == "/articles/on-engines"


def test_a_draft_leaves_no_address_behind() -> None:
    edit(create(publish=False), slug="on-looms")
    assert db.session.scalar(select(func.count()).select_from(OldAddress)) == 0


def test_a_new_article_does_not_take_an_address_that_leads_elsewhere() -> None:
    edit(create(), slug="on-looms")
    assert create() == "on-engines-2"


@pytest.mark.parametrize("wished", ["second", "old-second"])
def test_an_address_of_another_article_is_refused(wished: str) -> None:
    first, second = create("First"), create("Old second")
    edit(second, slug="second")
    before = editing(first)
    with pytest.raises(Invalid) as refused:
        edit(first, slug=wished, title="Changed")
    assert set(refused.value.problems) == {"slug"}
    assert editing(first) == before


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
def test_what_cannot_be_stored_is_refused_field_by_field(changes: dict[str, Any], fields: set[str]) -> None:
    slug = create()
    before = editing(slug)
    with pytest.raises(Invalid) as refused:
        create(**changes)
    assert set(refused.value.problems) == fields
    with pytest.raises(Invalid):
        edit(slug, **changes)
    assert editing(slug) == before
    assert db.session.scalar(select(func.count()).select_from(Article)) == 1


def test_the_longest_of_everything_is_stored() -> None:
    slug = create("x" * 300, standfirst="y" * 1000, content="z " * 500_000, tags=["t" * 100])
    assert len(editing(slug).written.title) == 300


@pytest.mark.parametrize("authors", [(), (" ",), ("nobody",), ("ada", "nobody"), tuple(f"a{n}" for n in range(51))])
def test_an_article_needs_authors_who_exist(authors: tuple[str, ...]) -> None:
    with pytest.raises(Invalid) as refused:
        create(authors=authors)
    assert set(refused.value.problems) == {"authors"}
    assert db.session.scalar(select(func.count()).select_from(Article)) == 0


def test_text_is_stored_in_one_spelling() -> None:
    slug = create(" U\u0308ber \r\n  alles ", content="a\r\nb\rc\u0301")
    assert (editing(slug).written.title, editing(slug).written.content) == ("Über alles", "a\nb\nć")
    assert slug == "über-alles"


def test_an_imported_article_is_ours_once_it_was_edited() -> None:
    slug = create()
    db.session.execute(update(Article).values(source_name="blog", source_path="a.md"))
    db.session.commit()
    edit(slug)
    assert db.session.scalar(select(Article.edited_here)) is False
    db.session.rollback()
    edit(slug, title="Changed")
    assert db.session.scalar(select(Article.edited_here)) is True


def test_what_is_not_there_cannot_be_changed() -> None:
    written = Written("T", "", "C", authors=("ada",))
    for deed in (
        lambda: publish_article("nowhere", None, TESTER),
        lambda: unpublish_article("nowhere", TESTER),
        lambda: save_article("nowhere", 1, written, TESTER),
        lambda: discard_working_copy("nowhere", 1, TESTER),
        lambda: restore_revision("nowhere", 1, 1, TESTER),
        lambda: bin_article("nowhere", TESTER),
        lambda: take_from_bin("nowhere", TESTER),
    ):
        with pytest.raises(NotFound):
            deed()


# What nobody should send, and somebody will.


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"title": "x" * 10_000}, {"title"}),
        ({"content": "x" * 5_000_000}, {"content"}),
        ({"content": "\u202e" * 1_000_001 + "x"}, set()),
        ({"slug": "🎉"}, {"slug"}),
        ({"slug": ""}, {"slug"}),
        ({"slug": "x" * 5_000}, {"slug"}),
        ({"tags": ("/",)}, {"tags"}),
        ({"authors": ("x" * 81,)}, {"authors"}),
        ({"language": "not a language"}, {"language"}),
        ({"language": ""}, {"language"}),
        ({"direction": "up"}, {"direction"}),
        ({"canonical_url": "javascript:alert(1)"}, {"canonical_url"}),
        ({"canonical_url": "https://"}, {"canonical_url"}),
        ({"canonical_url": "https://[::1"}, {"canonical_url"}),
        ({"canonical_url": "https://ada:secret@example.org/"}, {"canonical_url"}),
        ({"canonical_url": 'https://example.org/"><script>'}, {"canonical_url"}),
        ({"canonical_url": "/articles/x"}, {"canonical_url"}),
        ({"canonical_url": "https://example.org/" + "x" * 500}, {"canonical_url"}),
        ({"slug": "🎉", "language": "?", "direction": ""}, {"slug", "language", "direction"}),
    ],
)
def test_what_nobody_should_send_is_answered_beside_its_field(changes: dict[str, Any], fields: set[str]) -> None:
    if not fields:
        create(**changes)
        return
    with pytest.raises(Invalid) as refused:
        create(**changes)
    assert set(refused.value.problems) == fields


@pytest.mark.parametrize(
    ("field", "sent", "stored"),
    [
        ("slug", "Party 🎉 time/now.css", "party-time-now-css"),
        ("title", "safe\u202egpj.exe", "safegpj.exe"),
        ("title", "\u2067in\u2069 one line", "in one line"),
        ("standfirst", "a\u202eb", "ab"),
        ("content", "a\u202eb \u2067c\u2069", "ab \u2067c\u2069"),
        ("tags", ("C/C++", "a\u202eb"), ("ab", "C/C++")),
        ("language", " pt-BR ", "pt-BR"),
        ("canonical_url", " https://example.org/ä?b=c#d ", "https://example.org/ä?b=c#d"),
    ],
)
def test_what_can_be_set_right_is(field: str, sent: Any, stored: Any) -> None:
    slug = create(**{"tags": (), field: sent})
    assert getattr(editing(slug).written, field) == stored


def test_a_tag_with_a_slash_has_a_page() -> None:
    slug = create(tags=("TCP/IP",))
    assert [tag.slug for tag in article(slug).tags] == ["tcp-ip"]
    assert [card.slug for card in get_articles_by_tag("tcp-ip").cards] == [slug]


def test_a_canonical_address_language_and_direction_reach_the_reader() -> None:
    found = article(create(canonical_url="https://example.org/first", language="ar", direction="rtl"))
    assert (found.canonical_url, found.language, found.direction) == ("https://example.org/first", "ar", "rtl")


def test_a_new_article_takes_the_address_it_wishes_for() -> None:
    assert create(slug="My own") == "my-own"
    with pytest.raises(Invalid) as refused:
        create(slug="my-own")
    assert set(refused.value.problems) == {"slug"}
