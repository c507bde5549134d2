"""Revisions: every save of an article, whole, in the transaction that makes it."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import insert
from sqlalchemy.orm import Session

from application.data.models import USER_NAME_LENGTH, Article, Revision, WorkingCopy
from application.data.operations.article_fields import Fields
from application.data.operations.surroundings import Around
from application.data.records import Actor, Written
from application.data.types import utc_now
from application.utils.text import slugify

FOUND = "found"
"""The deed of a first revision that nobody saved: what stood there before revisions were kept."""

COPIED = ("title", "standfirst", "content", "canonical_url", "language", "direction")


class Save(NamedTuple):
    """A text that was saved: by which deed, and what stood there before."""

    deed: str
    written: Written
    before: Written | None = None


def revise(session: Session, article: Article, last: int, by: Actor, saves: Sequence[Save]) -> None:
    """Keep what was saved after revision `last`, or 0, and what stood there before if no revision has it yet.

    One statement; the account of `by` must be one that is there.
    """
    rows = [_row(article, save.deed, by, save.written) for save in saves]
    first = next(iter(saves), None)
    if last == 0 and first is not None and first.before is not None and first.before != first.written:
        found = _row(article, FOUND, Actor(None, ""), first.before)
        rows.insert(0, {**found, "created_at": article.updated_at})
    if rows:
        session.execute(insert(Revision), [{**row, "number": last + n} for n, row in enumerate(rows, start=1)])


def _row(article: Article, deed: str, by: Actor, written: Written) -> dict[str, object]:
    return {
        "article_id": article.article_id,
        "user_id": by.user_id,
        "user_name": by.name[:USER_NAME_LENGTH],
        "created_at": utc_now(),
        "deed": deed,
        "fields": msgspec.to_builtins(written),
    }


def written_in(article: Article, around: Around) -> Written:
    """Return an article as it would be typed, as it stood when somebody looked around."""
    return Written(
        **{name: getattr(article, name) for name in COPIED},
        slug=article.slug,
        authors=tuple(by_line.user_name for by_line in around.by_lines),
        tags=tuple(tagging.name for tagging in around.taggings),
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
