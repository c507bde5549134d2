"""Who did what; never cached."""

from sqlalchemy import literal, select, tuple_

from application.data.models import AuditEntry
from application.data.records import AuditLine, AuditPage
from application.data.types import UTCDateTime
from application.extensions import db
from application.measuring.timing import timed
from application.utils.pagination import Position, read_cursor, write_cursor

ENTRIES_A_PAGE = 50

_COLUMNS = (
    AuditEntry.entry_id,
    AuditEntry.at,
    AuditEntry.user_name,
    AuditEntry.deed,
    AuditEntry.subject,
    AuditEntry.details,
)


@timed("get_audit")
def get_audit(before: str | None = None) -> AuditPage:
    """Return a page of the log, newest first. Raises `InvalidCursor`."""
    position = read_cursor(before)
    here = tuple_(literal(position.at, UTCDateTime), literal(position.article_id))
    page = (
        select(*_COLUMNS)
        .where(tuple_(AuditEntry.at, AuditEntry.entry_id) < here)
        .order_by(AuditEntry.at.desc(), AuditEntry.entry_id.desc())
        .limit(ENTRIES_A_PAGE + 1)
    )
    rows = [AuditLine(**row._mapping) for row in db.session.execute(page)]
    shown = tuple(rows[:ENTRIES_A_PAGE])
    older = write_cursor(Position(shown[-1].at, shown[-1].entry_id)) if len(rows) > ENTRIES_A_PAGE else None
    return AuditPage(shown, older)
