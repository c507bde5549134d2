"""Lists and articles as readers get them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import redis
from flask import Flask

from application.data.data_access import (
    find_old_address,
    get_all_articles,
    get_article,
    get_articles_by_tag,
    get_articles_by_username,
    get_editing,
    get_more_by_authors,
)
from application.data.errors import NotFound
from application.data.models import OldAddress
from application.data.records import CardPage
from application.extensions import db
from application.utils.pagination import InvalidCursor
from tests.data.conftest import EPOCH

Make = Callable[..., int]


def walk(first: CardPage, following: Callable[[str], CardPage]) -> list[int]:
    """The ids of a whole list, page by page."""
    pages = [first]
    while pages[-1].older is not None:
        pages.append(following(pages[-1].older))
    assert all(len(page.cards) == 20 for page in pages[:-1])
    assert pages[-1].cards
    return [card.article_id for page in pages for card in page.cards]


def test_every_page_follows_the_one_before(library: None) -> None:
    published = [n for n in range(2000, 0, -1) if n % 10]
    assert walk(get_all_articles(), get_all_articles) == published


def test_an_authors_pages_hold_what_they_wrote(library: None) -> None:
    theirs = [n for n in range(2000, 0, -1) if n % 10 and 3 in {1 if n % 2 else n % 20 + 1, n % 7 + 1}]
    first = get_articles_by_username("author-3")
    assert walk(first, lambda before: get_articles_by_username("author-3", before)) == theirs


def test_a_tags_pages_hold_what_carries_it(library: None) -> None:
    first = get_articles_by_tag("tag-4")
    assert walk(first, lambda before: get_articles_by_tag("tag-4", before)) == list(range(1993, 0, -10))


def test_articles_of_one_moment_are_neither_lost_nor_doubled(make_article: Make) -> None:
    made = [make_article(f"a-{n}") for n in range(45)]
    assert walk(get_all_articles(), get_all_articles) == made[::-1]


def test_a_full_last_page_is_the_last(make_article: Make) -> None:
    for n in range(20):
        make_article(f"a-{n}")
    assert get_all_articles().older is None


def test_an_article_published_meanwhile_does_not_shift_the_next_page(make_article: Make) -> None:
    made = [make_article(f"a-{n}", at=EPOCH + timedelta(days=n)) for n in range(25)]
    first = get_all_articles()
    make_article("newer", at=EPOCH + timedelta(days=99))
    assert first.older is not None
    assert [card.article_id for card in get_all_articles(first.older).cards] == made[4::-1]


def test_a_card_shows_the_authors_in_their_order(make_article: Make, make_profile: Make) -> None:
    ada, grace = make_profile("ada", "Ada Lovelace"), make_profile("grace", "Grace Hopper")
    make_article("first", (grace, ada), standfirst="On engines", reading_minutes=4)
    (card,) = get_all_articles().cards
    assert [author.user_name for author in card.authors] == ["grace", "ada"]
    assert (card.slug, card.standfirst, card.reading_minutes, card.published_at) == ("first", "On engines", 4, EPOCH)


def test_an_article_without_authors_is_shown_all_the_same(make_article: Make) -> None:
    make_article("first")
    assert get_all_articles().cards[0].authors == ()
    assert get_article("first") is not None


@pytest.mark.parametrize("status", ["draft", "unpublished"])
def test_what_is_not_published_is_nowhere(make_article: Make, make_profile: Make, make_tag: Make, status: str) -> None:
    ada, rust = make_profile(), make_tag()
    other = make_article("other", (ada,))
    make_article("hidden", (ada,), (rust,), status=status)
    assert [card.slug for card in get_all_articles().cards] == ["other"]
    assert [card.slug for card in get_articles_by_username("ada").cards] == ["other"]
    assert get_articles_by_tag("rust").cards == ()
    assert get_article("hidden") is None
    assert get_more_by_authors(other) == ()
    assert get_editing("hidden") is not None


def test_an_author_or_tag_that_is_not_there_is_not_found(app: Flask) -> None:
    with pytest.raises(NotFound):
        get_articles_by_username("nobody")
    with pytest.raises(NotFound):
        get_articles_by_tag("nothing")


def test_a_made_up_cursor_is_refused(app: Flask, make_profile: Make) -> None:
    make_profile()
    for read in (get_all_articles, lambda before: get_articles_by_username("ada", before)):
        with pytest.raises(InvalidCursor):
            read("yesterday")


def test_a_cursor_before_everything_ends_the_list(make_article: Make) -> None:
    make_article()
    assert get_all_articles("00010101T000000000000Z-1") == CardPage((), None)


def test_an_article_comes_in_full(make_article: Make, make_profile: Make, make_tag: Make) -> None:
    ada, grace = make_profile("ada", "Ada Lovelace"), make_profile("grace", "Grace Hopper")
    zig, rust = make_tag("zig", "Zig"), make_tag("rust", "Rust")
    make_article("first", (grace, ada), (zig, rust), html="<p>Hello</p>", like_count=3)
    article = get_article("first")
    assert article is not None
    assert (article.html, article.like_count) == ("<p>Hello</p>", 3)
    assert [author.display_name for author in article.authors] == ["Grace Hopper", "Ada Lovelace"]
    assert [tag.name for tag in article.tags] == ["Rust", "Zig"]
    assert article.published_at.utcoffset() == timedelta(0)


def test_more_by_the_authors_are_their_newest_others_each_once(make_article: Make, make_profile: Make) -> None:
    ada, grace, joan = make_profile("ada"), make_profile("grace"), make_profile("joan")
    mine = make_article("mine", (ada, grace), at=EPOCH + timedelta(days=5))
    both = make_article("both", (grace, ada), at=EPOCH + timedelta(days=9))
    old = [make_article(f"old-{n}", (ada,), at=EPOCH - timedelta(days=n)) for n in range(4)]
    graces = make_article("graces", (grace,), at=EPOCH + timedelta(days=1))
    make_article("another", (joan,), at=EPOCH + timedelta(days=10))
    assert [card.article_id for card in get_more_by_authors(mine)] == [both, graces, old[0]]


def test_more_by_the_authors_follows_what_they_publish_next(make_article: Make, make_profile: Make) -> None:
    ada = make_profile("ada")
    mine = make_article("mine", (ada,))
    assert get_more_by_authors(mine) == ()
    make_article("next", (ada,))
    assert [card.slug for card in get_more_by_authors(mine)] == ["next"]


def test_an_old_address_leads_to_where_the_article_is(make_article: Make) -> None:
    db.session.add(OldAddress(address="/2019/first", article_id=make_article("erste-straße")))
    db.session.commit()
    assert find_old_address("/2019/first") == "/articles/erste-stra%C3%9Fe"
    assert find_old_address("/2019/second") is None


def test_an_old_address_of_what_is_hidden_leads_nowhere(make_article: Make) -> None:
    db.session.add(OldAddress(address="/2019/first", article_id=make_article(status="unpublished")))
    db.session.commit()
    assert find_old_address("/2019/first") is None


@pytest.mark.parametrize("read", [get_all_articles, lambda before: get_articles_by_username("author-3", before)])
def test_a_made_up_cursor_is_answered_and_not_stored(
    library: None, redis_client: redis.Redis, read: Callable[[str], CardPage]
) -> None:
    first = read(None)
    read(first.older)
    stored = set(redis_client.scan_iter("flask_cache_*"))
    for second in range(5):
        assert read(f"20210101T00000{second}000000Z-7").cards
    assert set(redis_client.scan_iter("flask_cache_*")) == stored
