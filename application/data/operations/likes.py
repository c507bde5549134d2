"""Likes: one row each, counted from the rows."""

from sqlalchemy import ColumnElement, delete, exists, false, func, select, update

from application.data import tags
from application.data.database import end_read_transaction
from application.data.errors import NotFound
from application.data.invalidation import touch
from application.data.models import PUBLISHED, Article, ArticleLike
from application.data.operations.inserting import insert_unless_there
from application.data.operations.transaction import transaction
from application.data.records import LikeCount
from application.extensions import db
from application.utils.ids import MAX_ID


def add_like(article_id: int, user_id: int | None = None, visitor_id: str | None = None) -> bool:
    """Store a like by an account or by a visitor; False when it was there. Raises `NotFound`, `DatabaseBusy`."""
    if (user_id is None) == (visitor_id is None):
        raise ValueError("a like is by an account or by a visitor")
    if _is_liked(article_id, user_id, visitor_id):
        return False
    with transaction() as session:
        like = insert_unless_there(session, ArticleLike).values(
            article_id=article_id, user_id=user_id, visitor_id=visitor_id
        )
        return session.scalar(like.returning(ArticleLike.like_id)) is not None


def remove_like(article_id: int, user_id: int | None = None, visitor_id: str | None = None) -> bool:
    """Take a like back; False when there was none. Raises `NotFound`, `DatabaseBusy`."""
    if not _is_liked(article_id, user_id, visitor_id):
        return False
    with transaction() as session:
        gone = delete(ArticleLike).where(ArticleLike.article_id == article_id, _by(user_id, visitor_id))
        return session.scalar(gone.returning(ArticleLike.like_id)) is not None


def recount_likes(article_id: int) -> LikeCount | None:
    """Make an article's count that of its rows; None for no such article. May run twice."""
    end_read_transaction()
    stored, counted = _counts(article_id)
    if stored is None:
        return None
    if stored == counted:
        # Nothing to write, so the lock is left to those who have something.
        return LikeCount(article_id, counted)
    with transaction() as session:
        # The row first: a recount beside this one would otherwise write an older number over a newer.
        locking = select(Article.like_count).where(Article.article_id == article_id)
        session.execute(locking.with_for_update(key_share=True))
        stored, counted = _counts(article_id)
        if stored is not None and stored != counted:
            writing = update(Article).where(Article.article_id == article_id).values(like_count=counted)
            session.execute(writing, execution_options={"synchronize_session": False})
            touch(tags.likes(article_id))
    return None if stored is None else LikeCount(article_id, counted)


def merge_likes(visitor_id: str, user_id: int) -> list[int]:
    """Give a visitor's likes to an account, one for each article; return the articles to recount."""
    end_read_transaction()
    theirs = ArticleLike.visitor_id == visitor_id
    if not db.session.scalar(select(exists().where(theirs))):
        return []
    with transaction() as session:
        gone = session.execute(
            delete(ArticleLike).where(theirs).returning(ArticleLike.article_id, ArticleLike.created_at)
        ).all()
        if gone:
            likes = [
                {"article_id": like.article_id, "user_id": user_id, "created_at": like.created_at} for like in gone
            ]
            session.execute(insert_unless_there(session, ArticleLike), likes)
    return sorted(like.article_id for like in gone)


def _is_liked(article_id: int, user_id: int | None, visitor_id: str | None) -> bool:
    """Tell whether the article is liked already. Raises `NotFound` for one that is not public."""
    if not 0 < article_id <= MAX_ID:
        raise NotFound
    end_read_transaction()
    liked = exists().where(ArticleLike.article_id == article_id, _by(user_id, visitor_id))
    found = db.session.scalar(select(liked).where(Article.article_id == article_id, Article.status == PUBLISHED))
    if found is None:
        raise NotFound
    return bool(found)


def _by(user_id: int | None, visitor_id: str | None) -> ColumnElement[bool]:
    """Find one reader's rows; nobody, a visitor without a cookie, has none."""
    if user_id is not None:
        return ArticleLike.user_id == user_id
    return false() if visitor_id is None else ArticleLike.visitor_id == visitor_id


def _counts(article_id: int) -> tuple[int | None, int]:
    rows = select(func.count()).where(ArticleLike.article_id == article_id).scalar_subquery()
    found = db.session.execute(select(Article.like_count, rows).where(Article.article_id == article_id)).one_or_none()
    return (None, 0) if found is None else (found[0], found[1])
