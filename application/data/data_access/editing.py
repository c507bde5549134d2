"""An article as its editor needs it, with its newer draft; never cached."""

from typing import Any

from sqlalchemy import Integer, cast, null, select, union_all

from application.data.models import BINNED, Article, ArticleAuthor, ArticleTag, Profile, Tag, WorkingCopy
from application.data.records import Editing, Person, Written
from application.extensions import db
from application.measuring.timing import timed

WRITTEN = ("title", "standfirst", "content", "canonical_url", "language", "direction")


@timed("get_editing")
def get_editing(slug: str, *, binned: bool = False) -> Editing | None:
    """Return an article whatever its status, but in the bin only if that is where it is looked for; two statements."""
    row = db.session.execute(
        select(
            Article.article_id,
            Article.slug,
            Article.version,
            Article.status,
            Article.published_at,
            Article.scheduled_for,
            Article.binned_at,
            Article.updated_at,
            Article.like_count,
            *(getattr(Article, name) for name in WRITTEN),
            WorkingCopy,
        )
        .outerjoin(WorkingCopy, WorkingCopy.article_id == Article.article_id)
        .where(Article.slug == slug, (Article.status == BINNED) if binned else (Article.status != BINNED))
    ).one_or_none()
    if row is None:
        return None
    authors, tags = _surroundings(row.article_id)
    copy: WorkingCopy | None = row.WorkingCopy
    return Editing(
        article_id=row.article_id,
        slug=row.slug,
        version=row.version,
        status=row.status,
        published_at=row.published_at,
        scheduled_for=row.scheduled_for,
        has_working_copy=copy is not None,
        written=_written(row, authors, tags) if copy is None else _written_in_copy(copy, row.slug),
        authors=authors,
        like_count=row.like_count,
        binned_at=row.binned_at,
        updated_at=row.updated_at,
    )


def _written(row: Any, authors: tuple[Person, ...], tags: tuple[str, ...]) -> Written:
    names = tuple(author.user_name for author in authors)
    return Written(**{name: getattr(row, name) for name in WRITTEN}, slug=row.slug, tags=tags, authors=names)


def _written_in_copy(copy: WorkingCopy, slug: str) -> Written:
    return Written(
        **{name: getattr(copy, name) for name in WRITTEN},
        slug=copy.slug or slug,
        tags=tuple(copy.tags),
        authors=tuple(copy.authors),
    )


def _surroundings(article_id: int) -> tuple[tuple[Person, ...], tuple[str, ...]]:
    """Read who wrote an article and what it is about in one statement."""
    authors = (
        select(
            ArticleAuthor.position.label("position"),
            Profile.profile_id.label("id"),
            Profile.user_name.label("slug"),
            Profile.display_name.label("name"),
        )
        .join(Profile, Profile.profile_id == ArticleAuthor.profile_id)
        .where(ArticleAuthor.article_id == article_id)
    )
    subjects = (
        select(cast(null(), Integer), Tag.tag_id, Tag.slug, Tag.name)
        .join(ArticleTag, ArticleTag.tag_id == Tag.tag_id)
        .where(ArticleTag.article_id == article_id)
    )
    rows = db.session.execute(union_all(authors, subjects)).all()
    people = sorted((row for row in rows if row.position is not None), key=lambda row: row.position)
    labels = sorted((row for row in rows if row.position is None), key=lambda row: row.slug)
    return tuple(Person(row.id, row.slug, row.name) for row in people), tuple(row.name for row in labels)
