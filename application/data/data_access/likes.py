"""Reads of likes: how many, and whose."""

import random
from collections.abc import Sequence
from functools import cache as remember
from typing import Any

from sqlalchemy import BigInteger, Row, Select, and_, bindparam, exists, func, select

from application.config import LIKES_TTL
from application.data import tags
from application.data.data_access.sessions import OF_SESSION, session_bound_to
from application.data.database import read, read_apart
from application.data.models import PUBLISHED, Article, ArticleAuthor, ArticleLike, Profile, Role, User, roles_users
from application.data.records import LikeCount, LikedArticle, LikePage, Mine
from application.extensions import cache, db
from application.measuring.timing import timed
from application.utils.ids import MAX_ID
from application.utils.session_keys import SessionKey

COUNTS_A_PAGE = 100
RECENT_LIKES = 1000
WINDOW = 500
"""Articles that one search for wrong counts looks at besides those that were liked of late."""


@cache.memoize(LIKES_TTL)
@timed("get_like_count")
def get_like_count(article_id: int) -> LikeCount | None:
    """Return how many like a published article."""
    found = get_published(article_id)
    return None if found is None else LikeCount(found.article_id, found.like_count)


@cache.memoize(LIKES_TTL)
@timed("get_published")
def get_published(article_id: int) -> LikedArticle | None:
    """Return a published article as the page with the like button shows it."""
    if not 0 < article_id <= MAX_ID:
        return None
    statement = select(
        Article.article_id, Article.slug, Article.title, Article.language, Article.direction, Article.like_count
    ).where(Article.article_id == article_id, Article.status == PUBLISHED)
    row = read(statement).one_or_none()
    cache.depends_on(tags.card(article_id), tags.likes(article_id))
    return None if row is None else LikedArticle(**row._mapping)


@cache.memoize(LIKES_TTL)
@timed("get_like_counts")
def get_like_counts(after: int = 0) -> LikePage:
    """Return a page of the counts of all published articles, by article id."""
    after = min(after, MAX_ID)
    statement = select(Article.article_id, Article.like_count).where(
        Article.status == PUBLISHED, Article.article_id >= after
    )
    rows = read(statement.order_by(Article.article_id).limit(COUNTS_A_PAGE + 2)).all()
    if rows and rows[0].article_id == after:
        rows = rows[1:]
    elif after > 0:
        # Answered, but made-up ids must not fill the cache.
        cache.do_not_store("cursor")
    shown = rows[:COUNTS_A_PAGE]
    cache.depends_on(tags.latest(), *(tags.likes(row.article_id) for row in shown))
    following = shown[-1].article_id if len(rows) > COUNTS_A_PAGE else None
    return LikePage(tuple(LikeCount(row.article_id, row.like_count) for row in shown), following)


@timed("get_mine")
def get_mine(account: int | SessionKey | None, visitor_id: str | None, article_id: int | None) -> Mine:
    """Return what one reader alone sees: one statement, never cached.

    `account` is an account's id or, to save loading it, its session. An account that is no more, or not active,
    counts as none, and so does a session that was ended.
    """
    rows = [] if account is None else _about_account(account, article_id)
    if rows:
        roles = tuple(sorted(row.role for row in rows if row.role is not None))
        return Mine(rows[0].name, bool(rows[0].liked), roles, bool(rows[0].wrote))
    if visitor_id is None or article_id is None:
        return Mine(None, liked=False)
    liked = exists().where(ArticleLike.article_id == article_id, ArticleLike.visitor_id == visitor_id)
    return Mine(None, bool(db.session.scalar(select(liked))))


@timed("find_miscounted")
def find_miscounted(limit: int = 100) -> list[int]:
    """Return articles whose count differs from their rows; never cached.

    It looks at what was liked of late and at a window of articles that starts anywhere, so that its work is
    bounded and every article has its turn.
    """
    recent = select(ArticleLike.article_id).order_by(ArticleLike.like_id.desc()).limit(RECENT_LIKES)
    window = select(Article.article_id).where(Article.article_id >= _window_start()).order_by(Article.article_id)
    candidates = {*db.session.scalars(recent), *db.session.scalars(window.limit(WINDOW))}
    rows = select(func.count()).where(ArticleLike.article_id == Article.article_id).scalar_subquery()
    wrong = select(Article.article_id).where(Article.article_id.in_(sorted(candidates)), Article.like_count != rows)
    return sorted(db.session.scalars(wrong))[:limit]


def _window_start() -> int:
    last = db.session.scalar(select(func.max(Article.article_id))) or 0
    return random.randint(1, max(1, last - WINDOW + 1))  # noqa: S311 - nothing secret


def _about_account(account: int | SessionKey, article_id: int | None) -> Sequence[Row[Any]]:
    """Read one row for each of the account's roles, or one without a role."""
    is_session = isinstance(account, SessionKey)
    bound = session_bound_to(account) if isinstance(account, SessionKey) else {"account": account}
    return read_apart(_mine(by_session=is_session), {**bound, "article_id": article_id})


@remember
def _mine(*, by_session: bool) -> Select[*tuple[Any, ...]]:
    """Select what one account sees; without an article it likes and wrote none, for no id is null."""
    name = func.coalesce(Profile.display_name, User.username, User.email)
    article_id = bindparam("article_id", type_=BigInteger)
    liked = exists().where(ArticleLike.article_id == article_id, ArticleLike.user_id == User.id)
    wrote = exists().where(ArticleAuthor.article_id == article_id, ArticleAuthor.profile_id == Profile.profile_id)
    return (
        select(name.label("name"), liked.label("liked"), wrote.label("wrote"), Role.name.label("role"))
        .select_from(User)
        .outerjoin(Profile, Profile.user_id == User.id)
        .outerjoin(roles_users, roles_users.c.user_id == User.id)
        .outerjoin(Role, Role.id == roles_users.c.role_id)
        .where(OF_SESSION if by_session else and_(User.id == bindparam("account"), User.active))
    )
