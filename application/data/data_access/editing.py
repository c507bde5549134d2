"""An article as its editor needs it, with its newer draft; never cached."""

from typing import Any

from sqlalchemy import ColumnElement, Integer, ScalarSelect, cast, exists, func, null, select, union_all

from application.data.models import BINNED, Article, ArticleAuthor, ArticleTag, Autosave, Profile, Tag, WorkingCopy
from application.data.records import AutosaveRecord, Editing, Person, Standing, Written
from application.extensions import db
from application.measuring.timing import timed

WRITTEN = ("title", "standfirst", "content", "canonical_url", "language", "direction")

NOBODY = 0
"""An account that is not there: NULL would find the authors without one."""


Which = str | int
"""An article by its slug, or by its id."""


@timed("get_editing")
def get_editing(which: Which, *, binned: bool = False, reader: int | None = None) -> Editing | None:
    """Return an article whatever its status, but in the bin only if that is where it is looked for; two statements.

    `reader` is the account that asks.
    """
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
            _is_by(reader or NOBODY).label("is_mine"),
            WorkingCopy,
            Autosave,
        )
        .outerjoin(WorkingCopy, WorkingCopy.article_id == Article.article_id)
        .outerjoin(Autosave, Autosave.autosave_id == _kept_last(reader or NOBODY))
        .where(_is(which), (Article.status == BINNED) if binned else (Article.status != BINNED))
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
        is_mine=row.is_mine,
        kept=_kept(row.Autosave),
    )


@timed("get_standing")
def get_standing(which: Which, reader: int) -> Standing | None:
    """Return where an article stands, in the bin too; one statement, without its text."""
    row = db.session.execute(
        select(
            Article.article_id,
            Article.slug,
            func.coalesce(WorkingCopy.title, Article.title).label("title"),
            Article.status,
            Article.version,
            _is_by(reader).label("is_mine"),
        )
        .outerjoin(WorkingCopy, WorkingCopy.article_id == Article.article_id)
        .where(_is(which))
    ).one_or_none()
    return None if row is None else Standing(**row._mapping)


def _is(which: Which) -> ColumnElement[bool]:
    return Article.slug == which if isinstance(which, str) else Article.article_id == which


def _is_by(user_id: int) -> ColumnElement[bool]:
    who = select(Profile.profile_id).where(Profile.user_id == user_id).scalar_subquery()
    return exists().where(ArticleAuthor.article_id == Article.article_id, ArticleAuthor.profile_id == who)


def _kept_last(user_id: int) -> ScalarSelect[int]:
    """Select what this account typed last into a form of the article and did not save."""
    mine = select(Autosave.autosave_id).where(Autosave.user_id == user_id, Autosave.article_id == Article.article_id)
    return mine.order_by(Autosave.updated_at.desc()).limit(1).correlate(Article).scalar_subquery()


def _kept(row: Autosave | None) -> AutosaveRecord | None:
    return None if row is None else AutosaveRecord(row.form_key, row.article_id, row.updated_at, row.fields)


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
