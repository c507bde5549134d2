"""Likes: one a reader, counted from the rows, however often and by however many at once."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from application.data.data_access import get_article, get_like_count
from application.data.errors import NotFound
from application.data.models import Article, ArticleLike
from application.data.operations.likes import add_like, merge_likes, recount_likes, remove_like
from application.data.records import LikeCount
from application.extensions import db

Make = Callable[..., int]


def rows() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(ArticleLike)) or 0


def test_a_second_like_by_the_same_reader_changes_nothing(make_article: Make, make_user: Make) -> None:
    article, ada = make_article(), make_user()
    assert add_like(article, user_id=ada)
    assert not add_like(article, user_id=ada)
    assert add_like(article, visitor_id="v")
    assert not add_like(article, visitor_id="v")
    assert rows() == 2


def test_a_like_is_taken_back_once(make_article: Make) -> None:
    article = make_article()
    add_like(article, visitor_id="v")
    assert remove_like(article, visitor_id="v")
    assert not remove_like(article, visitor_id="v")
    assert not remove_like(article)
    assert rows() == 0


def test_only_what_readers_can_see_is_liked(make_article: Make) -> None:
    for article_id in (make_article(status="draft"), make_article("b", status="unpublished"), 99, 0, -1, 2**80):
        with pytest.raises(NotFound):
            add_like(article_id, visitor_id="v")
        with pytest.raises(NotFound):
            remove_like(article_id, visitor_id="v")
    assert rows() == 0


@pytest.mark.parametrize("by", [{}, {"user_id": 1, "visitor_id": "v"}])
def test_a_like_is_by_one_reader(make_article: Make, by: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="by an account or by a visitor"):
        add_like(make_article(), **by)


@pytest.mark.parametrize("by", [{}, {"user_id": 1, "visitor_id": "v"}])
def test_the_database_insists_on_one_reader_too(make_article: Make, make_user: Make, by: dict[str, Any]) -> None:
    article, _ = make_article(), make_user()
    with pytest.raises(IntegrityError):
        db.session.execute(insert(ArticleLike).values(article_id=article, **by))
    db.session.rollback()


def test_a_recount_is_seen_at_once(make_article: Make) -> None:
    article = make_article()
    found = get_article("first")
    assert found is not None
    assert get_like_count(article) == LikeCount(article, 0)
    add_like(article, visitor_id="v")
    assert recount_likes(article) == LikeCount(article, 1)
    assert get_like_count(article) == LikeCount(article, 1)
    found = get_article("first")
    assert found is not None
    assert found.like_count == 1


def test_a_recount_touches_the_count_alone_and_only_when_it_changed(
    make_article: Make, invalidated: list[tuple[str, set[str]]]
) -> None:
    article = make_article()
    add_like(article, visitor_id="v")
    invalidated.clear()
    recount_likes(article)
    recount_likes(article)
    assert invalidated == [("changed", {f"likes/{article}"})]


def test_a_recount_is_no_edit(make_article: Make) -> None:
    article = make_article()
    before = db.session.execute(select(Article.version, Article.updated_at)).one()
    add_like(article, visitor_id="v")
    recount_likes(article)
    assert db.session.execute(select(Article.version, Article.updated_at)).one() == before


def test_a_wrong_count_is_made_right(make_article: Make) -> None:
    article = make_article(like_count=40)
    assert recount_likes(article) == LikeCount(article, 0)
    assert recount_likes(99) is None


def test_a_visitors_likes_become_the_accounts_counted_once(make_article: Make, make_user: Make) -> None:
    first, second, third, ada = make_article("a"), make_article("b"), make_article("c"), make_user()
    for article in (first, second):
        add_like(article, visitor_id="v")
    for article in (second, third):
        add_like(article, user_id=ada)
    add_like(first, visitor_id="somebody else")
    assert merge_likes("v", ada) == [first, second]
    assert merge_likes("v", ada) == []
    db.session.rollback()
    theirs = select(ArticleLike.article_id).where(ArticleLike.user_id == ada).order_by(ArticleLike.article_id)
    assert list(db.session.scalars(theirs)) == [first, second, third]
    assert [recount_likes(article) for article in (first, second, third)] == [
        LikeCount(first, 2),
        LikeCount(second, 1),
        LikeCount(third, 1),
    ]


def test_twenty_readers_like_one_article_at_once(app: Flask, make_article: Make) -> None:
    article = make_article()
    outcomes = at_once(app, 20, lambda n: add_like(article, visitor_id=f"visitor {n}"))
    assert outcomes == [True] * 20
    assert recount_likes(article) == LikeCount(article, 20)


def test_one_reader_who_likes_twenty_times_at_once_is_counted_once(app: Flask, make_article: Make) -> None:
    article = make_article()
    outcomes = at_once(app, 20, lambda _: add_like(article, visitor_id="v"))
    assert outcomes.count(True) == 1
    assert rows() == 1


def test_recounts_at_once_end_with_the_right_count(app: Flask, make_article: Make) -> None:
    article = make_article()

    def like_and_count(n: int) -> bool:
        add_like(article, visitor_id=f"visitor {n}")
        return recount_likes(article) is not None

    assert all(at_once(app, 12, like_and_count))
    db.session.rollback()
    assert db.session.scalar(select(Article.like_count)) == 12


def test_merging_while_the_visitor_goes_on_liking_loses_nothing(
    app: Flask, make_article: Make, make_user: Make
) -> None:
    articles, ada = [make_article(f"a-{n}") for n in range(10)], make_user()

    def deed(n: int) -> bool:
        if n % 5 == 4:
            return merge_likes("v", ada) is not None
        return add_like(articles[n % 10], visitor_id="v")

    at_once(app, 20, deed)
    merge_likes("v", ada)
    liked = select(func.count(func.distinct(ArticleLike.article_id))).where(ArticleLike.user_id == ada)
    wanted = len({n % 10 for n in range(20) if n % 5 != 4})
    assert db.session.scalar(liked) == wanted == rows()


def test_a_count_set_aside_by_hand_is_told_to_readers(make_article: Make) -> None:
    article = make_article()
    db.session.execute(update(Article).values(like_count=9))
    db.session.commit()
    assert recount_likes(article) == LikeCount(article, 0)


def at_once(app: Flask, times: int, deed: Callable[[int], bool]) -> list[bool]:
    """Do it in as many threads, started together; the outcomes in any order."""
    outcomes: list[bool] = []
    gate = threading.Barrier(times)

    def work(n: int) -> None:
        with app.app_context():
            gate.wait(10)
            outcomes.append(deed(n))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(outcomes) == times
    return outcomes
