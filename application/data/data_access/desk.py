"""What the desk shows: articles in every state, lately saved first; never cached."""

from collections.abc import Callable, Iterable
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, literal, select, true, tuple_, union_all

from application.data.data_access.cards import read_authors
from application.data.models import (
    BINNED,
    DRAFT,
    PUBLISHED,
    SCHEDULED,
    STATUSES,
    Article,
    ArticleAuthor,
    Profile,
    WorkingCopy,
)
from application.data.records import Day, DeskFilter, DeskLine, DeskPage, Named
from application.data.types import UTCDateTime
from application.extensions import db
from application.measuring.timing import timed
from application.utils.pagination import Position, read_cursor, write_cursor
from application.utils.text import clean_line, fold

LINES_A_PAGE = 30
NEWER_DRAFT = "newer draft"
"""The state of a published article with a draft that readers do not see."""

_HAS_COPY = exists().where(WorkingCopy.article_id == Article.article_id)
# An article, or the newer draft of one that is published; what lies in the bin only remembers its time.
_IS_WAITING = and_(Article.scheduled_for.is_not(None), Article.status != BINNED)
_COLUMNS = (
    Article.article_id,
    Article.slug,
    Article.title,
    Article.status,
    Article.published_at,
    Article.scheduled_for,
    Article.binned_at,
    Article.saved_at,
    Article.like_count,
    Article.language,
    Article.direction,
    _HAS_COPY.label("has_working_copy"),
)


@timed("get_desk")
def get_desk(wanted: DeskFilter) -> DeskPage:
    """Return a page of the desk; what is in the bin only when the bin is asked for. Raises `InvalidCursor`."""
    position = read_cursor(wanted.before)
    here = tuple_(literal(position.at, UTCDateTime), literal(position.article_id))
    page = (
        _matching(wanted)
        .where(tuple_(Article.saved_at, Article.article_id) < here)
        .order_by(Article.saved_at.desc(), Article.article_id.desc())
        .limit(LINES_A_PAGE + 1)
    )
    rows = db.session.execute(page).all()
    shown = rows[:LINES_A_PAGE]
    authors = read_authors(row.article_id for row in shown)
    older = None
    if len(rows) > LINES_A_PAGE:
        older = write_cursor(Position(shown[-1].saved_at, shown[-1].article_id))
    return DeskPage(tuple(DeskLine(**row._mapping, authors=authors[row.article_id]) for row in shown), older)


@timed("get_day")
def get_day(user_id: int, *, everybody: bool, most: int) -> Day:
    """Return the day at a glance in two statements: drafts of this account, what is scheduled, what came out.

    The last two are everybody's, or this account's alone; of each kind there are `most` and one more at most.
    """
    mine = _is_by(Profile.user_id == user_id)
    kinds = (
        (Article.status == DRAFT, mine, Article.saved_at.desc()),
        (_IS_WAITING, true() if everybody else mine, Article.scheduled_for),
        (Article.status == PUBLISHED, true() if everybody else mine, Article.published_at.desc()),
    )
    shown = union_all(
        *(
            # SQLite takes a LIMIT inside a UNION only in a query around it.
            select(
                select(Article.article_id).where(state, whose).order_by(order).limit(most + 1).subquery().c.article_id
            )
            for state, whose, order in kinds
        )
    )
    rows = db.session.execute(select(*_COLUMNS).where(Article.article_id.in_(shown))).all()
    authors = read_authors(row.article_id for row in rows)
    lines = [DeskLine(**row._mapping, authors=authors[row.article_id]) for row in rows]
    # What one kind brought may be of another kind too; whatever is not among its first stands after them.
    return Day(
        drafts=_in_order(lines, lambda line: line.saved_at if line.status == DRAFT else None, latest_first=True),
        scheduled=_in_order(lines, _waits_until, latest_first=False),
        published=_in_order(
            lines, lambda line: line.published_at if line.status == PUBLISHED else None, latest_first=True
        ),
    )


@timed("get_names")
def get_names(article_ids: Iterable[int]) -> dict[int, Named]:
    """Return how articles are called, by id; those that are gone are missing."""
    columns = (getattr(Article, name) for name in Named.__struct_fields__)
    rows = db.session.execute(select(*columns).where(Article.article_id.in_(article_ids)))
    return {row.article_id: Named(**row._mapping) for row in rows}


def _waits_until(line: DeskLine) -> datetime | None:
    return line.scheduled_for if line.status in {SCHEDULED, PUBLISHED} else None


def _in_order(
    lines: Iterable[DeskLine], moment: Callable[[DeskLine], datetime | None], *, latest_first: bool
) -> tuple[DeskLine, ...]:
    """Return the lines that have a moment of this kind, by it."""
    dated = [(at, line) for line in lines if (at := moment(line)) is not None]
    return tuple(line for _, line in sorted(dated, key=itemgetter(0), reverse=latest_first))


def _matching(wanted: DeskFilter) -> Select[*tuple[Any, ...]]:
    found = select(*_COLUMNS)
    if wanted.state == NEWER_DRAFT:
        found = found.where(_HAS_COPY, Article.status != BINNED)
    elif wanted.state == SCHEDULED:
        found = found.where(_IS_WAITING)
    elif wanted.state in STATUSES:
        found = found.where(Article.status == wanted.state)
    else:
        found = found.where(Article.status != BINNED)
    if wanted.author_user_name:
        found = found.where(_is_by(Profile.user_name == fold(clean_line(wanted.author_user_name))))
    if wanted.mine_user_id is not None:
        found = found.where(_is_by(Profile.user_id == wanted.mine_user_id))
    if words := clean_line(wanted.text).split():
        found = found.where(*(Article.title.icontains(word, autoescape=True) for word in words[:10]))
    return found


def _is_by(profile: ColumnElement[bool]) -> ColumnElement[bool]:
    """Find the articles of one author by their by-lines, one step in an index for each article on the way."""
    who = select(Profile.profile_id).where(profile).scalar_subquery()
    return exists().where(ArticleAuthor.article_id == Article.article_id, ArticleAuthor.profile_id == who)
