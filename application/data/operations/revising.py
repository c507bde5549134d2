"""Revisions: every save of an article, whole, in the transaction that makes it."""

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from application.data.models import (
    USER_NAME_LENGTH,
    Article,
    ArticleAuthor,
    ArticleTag,
    Profile,
    Revision,
    Tag,
    WorkingCopy,
)
from application.data.operations.article_fields import Fields
from application.data.operations.audit import known_user_id
from application.data.records import Actor, Written
from application.data.types import utc_now
from application.utils.text import slugify

FOUND = "found"
"""The deed of a first revision that nobody saved: what stood there before revisions were kept."""

COPIED = ("title", "standfirst", "content", "canonical_url", "language", "direction")


def revise(session: Session, article: Article, deed: str, by: Actor, written: Written, before: Written | None) -> None:
    """Keep what was saved; what stood there before too, if no revision has it yet."""
    number = session.scalar(select(func.max(Revision.number)).where(Revision.article_id == article.article_id)) or 0
    if number == 0 and before is not None and before != written:
        number = 1
        nobody = Actor(None, "")
        session.add(_revision(session, article, number, FOUND, nobody, before))
    session.add(_revision(session, article, number + 1, deed, by, written))


def _revision(session: Session, article: Article, number: int, deed: str, by: Actor, written: Written) -> Revision:
    return Revision(
        article_id=article.article_id,
        number=number,
        user_id=known_user_id(session, by),
        user_name=by.name[:USER_NAME_LENGTH],
        created_at=article.updated_at if deed == FOUND else utc_now(),
        deed=deed,
        fields=msgspec.to_builtins(written),
    )


def written_in(session: Session, article: Article) -> Written:
    """Return an article as it would be typed."""
    authors = select(Profile.user_name).join(ArticleAuthor, ArticleAuthor.profile_id == Profile.profile_id)
    names = select(Tag.name).join(ArticleTag, ArticleTag.tag_id == Tag.tag_id)
    here = ArticleAuthor.article_id == article.article_id
    return Written(
        **{name: getattr(article, name) for name in COPIED},
        slug=article.slug,
        authors=tuple(session.scalars(authors.where(here).order_by(ArticleAuthor.position))),
        tags=tuple(session.scalars(names.where(ArticleTag.article_id == article.article_id).order_by(Tag.slug))),
    )


def written_in_copy(copy: WorkingCopy, slug: str) -> Written:
    """Return a working copy as it was typed, at the article's slug unless it wishes for another."""
    return Written(
        **{name: getattr(copy, name) for name in COPIED},
        slug=copy.slug or slug,
        authors=tuple(copy.authors),
        tags=tuple(copy.tags),
    )


def written_from(fields: Fields, slug: str | None) -> Written:
    """Return checked fields as they are kept, at this slug unless they wish for another."""
    return Written(
        **{name: getattr(fields, name) for name in COPIED},
        slug=fields.slug or slug,
        authors=fields.authors,
        tags=tuple(fields.labels.values()),
    )


def is_same(one: Written, other: Written) -> bool:
    """Tell whether nothing was changed: tags are the same by their slugs, in whichever order."""
    return _by_slugs(one) == _by_slugs(other)


def _by_slugs(written: Written) -> Written:
    return msgspec.structs.replace(written, tags=tuple(sorted({slugify(tag) for tag in written.tags})))
