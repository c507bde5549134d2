"""Reads of feedback: staff's own list, never cached."""

from typing import Any

from sqlalchemy import Select, literal, select, tuple_, union_all

from application.config import PAGE_SIZE
from application.data.models import Feedback
from application.data.records import FeedbackPage, Message
from application.data.types import UTCDateTime
from application.extensions import db
from application.measuring.timing import timed
from application.utils.ids import MAX_ID, parse_id
from application.utils.pagination import InvalidCursor, Position, read_cursor, write_cursor

OPEN = "open-"
"""Begins a cursor among what is open; one among what is done is a time and an id, as everywhere."""

Rows = Select[*tuple[Any, ...]]


@timed("get_feedback")
def get_feedback(before: str | None = None) -> FeedbackPage:
    """Return a page: what is open, newest first, then what is done, latest first. Raises `InvalidCursor`."""
    statements: tuple[Rows, ...]
    if before is None or before.startswith(OPEN):
        last = MAX_ID + 1 if before is None else parse_id(before.removeprefix(OPEN))
        if last is None:
            raise InvalidCursor(f"not a cursor: {before!r}"[:80])
        statements = (_limited(_open(last)), _limited(_done(None)))
    else:
        statements = (_limited(_done(read_cursor(before))),)
    rows = sorted(db.session.execute(union_all(*statements)), key=_place, reverse=True)
    shown = tuple(Message(**row._mapping) for row in rows[:PAGE_SIZE])
    return FeedbackPage(shown, _cursor(shown[-1]) if len(rows) > PAGE_SIZE else None)


@timed("get_message")
def get_message(feedback_id: int) -> Message | None:
    """Return one message."""
    row = db.session.execute(_columns().where(Feedback.feedback_id == feedback_id)).one_or_none()
    return None if row is None else Message(**row._mapping)


def _limited(statement: Rows) -> Rows:
    # SQLite takes a limit inside a union only in a subquery.
    page = statement.limit(PAGE_SIZE + 1).subquery()
    return select(*page.columns)


def _columns() -> Rows:
    return select(*(getattr(Feedback, name) for name in Message.__struct_fields__))


def _open(before: int) -> Rows:
    still = _columns().where(Feedback.done_at.is_(None), Feedback.feedback_id < before)
    return still.order_by(Feedback.feedback_id.desc())


def _done(before: Position | None) -> Rows:
    place = tuple_(Feedback.done_at, Feedback.feedback_id)
    wanted = _columns().where(Feedback.done_at.is_not(None))
    if before is not None:
        wanted = wanted.where(place < tuple_(literal(before.at, UTCDateTime), literal(before.article_id)))
    return wanted.order_by(Feedback.done_at.desc(), Feedback.feedback_id.desc())


def _place(row: Any) -> tuple[bool, float, int]:
    return row.done_at is None, row.done_at.timestamp() if row.done_at else 0.0, row.feedback_id


def _cursor(last: Message) -> str:
    if last.done_at is None:
        return f"{OPEN}{last.feedback_id}"
    return write_cursor(Position(last.done_at, last.feedback_id))
