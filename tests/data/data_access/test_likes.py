"""Counts for everybody, and what one reader alone sees."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import insert, update

from application.data.data_access import find_miscounted, get_like_count, get_like_counts, get_mine, get_published
from application.data.models import Article, ArticleLike, Profile, Role, User
from application.data.records import LikeCount, Mine
from application.extensions import db
from application.utils.session_keys import SessionKey

Make = Callable[..., int]


def like(article_id: int, **by: object) -> None:
    db.session.execute(insert(ArticleLike).values(article_id=article_id, **by))
    db.session.commit()


def test_the_counts_come_in_pages(library: None) -> None:
    seen: list[LikeCount] = []
    page = get_like_counts()
    while page.next is not None:
        seen.extend(page.items)
        page = get_like_counts(page.next)
    seen.extend(page.items)
    assert [item.article_id for item in seen] == [n for n in range(1, 2001) if n % 10]


@pytest.mark.parametrize("article_id", [0, -1, 2, 2**31, 2**63, 10**40])
def test_no_article_has_no_count(make_article: Make, article_id: int) -> None:
    make_article()
    assert get_like_count(article_id) is None
    assert get_published(article_id) is None


def test_a_count_belongs_to_a_published_article(make_article: Make) -> None:
    first, draft = make_article("first", like_count=4), make_article("draft", status="draft")
    assert get_like_count(first) == LikeCount(first, 4)
    assert get_like_count(draft) is None


def test_pages_of_counts_end_anywhere_beyond_the_last(make_article: Make) -> None:
    make_article()
    assert get_like_counts(10**40).items == ()


def test_an_account_sees_its_name_roles_and_like(make_article: Make, make_user: Make) -> None:
    first, second, ada = make_article("first"), make_article("second"), make_user("ada")
    like(first, user_id=ada)
    user = db.session.get(User, ada)
    assert user is not None
    user.roles = [Role(name="reader"), Role(name="author")]
    db.session.add(Profile(user_name="ada", display_name="Ada Lovelace", user_id=ada))
    db.session.commit()
    everything = Mine("Ada Lovelace", liked=True, roles=("author", "reader"))
    assert get_mine(ada, None, first) == get_mine(SessionKey("key of ada", "1-2"), None, first) == everything
    assert get_mine(ada, None, second).liked is False
    assert get_mine(ada, None, None).liked is False


def test_an_account_without_a_profile_goes_by_its_user_name(make_user: Make) -> None:
    assert get_mine(make_user("ada"), None, None) == Mine("ada", liked=False)
    assert get_mine(make_user("x", username=None), None, None).name == "x@example.org"


def test_an_account_that_is_shut_or_gone_counts_as_none(make_user: Make) -> None:
    assert get_mine(make_user("ada", active=False), None, None) == Mine(None, liked=False)
    assert get_mine(SessionKey("key of nobody", "1-2"), None, None) == Mine(None, liked=False)


def test_a_visitor_sees_their_like(make_article: Make) -> None:
    first = make_article()
    like(first, visitor_id="v")
    assert get_mine(None, "v", first) == Mine(None, liked=True)
    assert get_mine(None, "w", first) == Mine(None, liked=False)
    assert get_mine(SessionKey("key of nobody", "1-2"), "v", first) == Mine(None, liked=True)


def test_wrong_counts_are_found(app: Flask, make_article: Make) -> None:
    right, high, low = make_article("right"), make_article("high"), make_article("low")
    assert find_miscounted() == []
    like(low, visitor_id="v")
    db.session.execute(update(Article).where(Article.article_id == high).values(like_count=5))
    db.session.commit()
    assert find_miscounted() == [high, low]
    assert find_miscounted(1) == [high]
    assert right not in find_miscounted()


def test_no_article_is_miscounted_where_there_is_none(app: Flask) -> None:
    assert find_miscounted() == []


def test_every_wrong_count_is_found_in_time(library: None) -> None:
    # The likes of the library touch its first fifty articles; 1,500 lies in one of the windows.
    db.session.execute(update(Article).where(Article.article_id == 1500).values(like_count=5))
    db.session.commit()
    assert any(1500 in find_miscounted(10_000) for _ in range(200))
