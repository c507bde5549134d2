"""Reads of what belongs to one account; never cached."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import undefer

from application.config import PAGE_SIZE
from application.data.models import (
    PUBLISHED,
    Article,
    ArticleAuthor,
    ArticleLike,
    Autosave,
    Feedback,
    Profile,
    Role,
    User,
    roles_users,
)
from application.extensions import db
from application.measuring.timing import timed

ADMINISTRATOR = "administrator"


class LikedLine(Struct, frozen=True):
    """A published article that somebody likes."""

    like_id: int
    slug: str
    title: str
    language: str
    direction: str
    liked_at: datetime


class LikedLines(Struct, frozen=True):
    """One page of what somebody likes, newest first; `older` is the like before which the next page starts."""

    lines: tuple[LikedLine, ...]
    older: int | None


@timed("get_likes_of")
def get_likes_of(user_id: int, before: int | None = None) -> LikedLines:
    """Return a page of the published articles that an account likes; one statement."""
    statement = (
        select(
            ArticleLike.like_id,
            Article.slug,
            Article.title,
            Article.language,
            Article.direction,
            ArticleLike.created_at.label("liked_at"),
        )
        .join(Article, Article.article_id == ArticleLike.article_id)
        .where(ArticleLike.user_id == user_id, Article.status == PUBLISHED)
        .order_by(ArticleLike.like_id.desc())
        .limit(PAGE_SIZE + 1)
    )
    if before is not None:
        statement = statement.where(ArticleLike.like_id < before)
    lines = tuple(LikedLine(**row._mapping) for row in db.session.execute(statement))
    shown = lines[:PAGE_SIZE]
    return LikedLines(shown, shown[-1].like_id if len(lines) > PAGE_SIZE else None)


@timed("is_only_administrator")
def is_only_administrator(user_id: int) -> bool:
    """Tell whether the site would have no administrator who can sign in without this account."""
    others = administrators().where(User.id != user_id, User.active)
    mine = administrators().where(User.id == user_id)
    return bool(db.session.scalar(select(exists(mine) & ~exists(others))))


def administrators() -> Select[int]:
    """Select the ids of the administrators' accounts."""
    return (
        select(User.id)
        .join(roles_users, roles_users.c.user_id == User.id)
        .join(Role, Role.id == roles_users.c.role_id)
        .where(Role.name == ADMINISTRATOR)
    )


@timed("get_data_of")
def get_data_of(user_id: int) -> dict[str, Any] | None:
    """Return everything that the site holds about a person, as plain values that JSON can carry.

    Feedback is found by its address, which anybody can type: it is theirs only if they have shown that the
    address is, by confirming it.
    """
    user = db.session.get(User, user_id)
    if user is None:
        return None
    profile = db.session.scalar(select(Profile).where(Profile.user_id == user_id))
    return {
        "account": {
            "email": user.email,
            "email_confirmed_at": _time(user.confirmed_at),
            "user_name": user.username,
            "roles": sorted(role.name for role in user.roles),
            "two_factor": user.tf_primary_method is not None,
            "opened_at": _time(user.create_datetime),
        },
        "author": profile
        and {
            "user_name": profile.user_name,
            "display_name": profile.display_name,
            "biography": profile.biography,
        },
        "likes": _likes(user_id),
        "articles": [] if profile is None else _articles(profile.profile_id),
        "unsent_texts": _unsent(user_id),
        "feedback": [] if user.confirmed_at is None else _feedback(user.email),
    }


def _likes(user_id: int) -> list[dict[str, Any]]:
    statement = (
        select(Article.article_id, Article.slug, Article.title, Article.status, ArticleLike.created_at)
        .join(Article, Article.article_id == ArticleLike.article_id)
        .where(ArticleLike.user_id == user_id)
        .order_by(ArticleLike.like_id)
    )
    return [
        {
            "article_id": row.article_id,
            # What is not public any more is not told by a like either.
            "slug": row.slug if row.status == PUBLISHED else None,
            "title": row.title if row.status == PUBLISHED else None,
            "liked_at": _time(row.created_at),
        }
        for row in db.session.execute(statement)
    ]


def _articles(profile_id: int) -> list[dict[str, Any]]:
    statement = (
        select(Article)
        .join(ArticleAuthor, ArticleAuthor.article_id == Article.article_id)
        .where(ArticleAuthor.profile_id == profile_id)
        .order_by(Article.article_id)
        .options(undefer(Article.content))
    )
    return [
        {
            "article_id": article.article_id,
            "slug": article.slug,
            "title": article.title,
            "standfirst": article.standfirst,
            "content": article.content,
            "status": article.status,
            "language": article.language,
            "created_at": _time(article.created_at),
            "published_at": _time(article.published_at),
            "updated_at": _time(article.updated_at),
        }
        for article in db.session.scalars(statement)
    ]


def _unsent(user_id: int) -> list[dict[str, Any]]:
    statement = select(Autosave.updated_at, Autosave.fields).where(Autosave.user_id == user_id)
    return [
        {"typed_at": _time(row.updated_at), "fields": row.fields}
        for row in db.session.execute(statement.order_by(Autosave.autosave_id))
    ]


def _feedback(email: str) -> list[dict[str, Any]]:
    statement = select(Feedback).where(func.lower(Feedback.email) == email).order_by(Feedback.feedback_id)
    return [
        {"name": item.name, "email": item.email, "message": item.message, "sent_at": _time(item.created_at)}
        for item in db.session.scalars(statement)
    ]


def _time(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
