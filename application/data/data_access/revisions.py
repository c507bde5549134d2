"""Every save of an article; never cached."""

import msgspec
from sqlalchemy import select

from application.data.models import Revision as Stored
from application.data.records import Revision, RevisionLine, Written
from application.extensions import db
from application.measuring.timing import timed
from application.utils.ids import MAX_ID

MOST = 500
"""Revisions that one page lists: the newest; older ones are found by their number."""

_LINE = (Stored.number, Stored.created_at, Stored.user_name, Stored.deed)


@timed("get_revisions")
def get_revisions(article_id: int) -> tuple[RevisionLine, ...]:
    """Return the saves of an article, the newest first."""
    lines = select(*_LINE).where(Stored.article_id == article_id).order_by(Stored.number.desc()).limit(MOST)
    return tuple(RevisionLine(**row._mapping) for row in db.session.execute(lines))


@timed("get_revision")
def get_revision(article_id: int, number: int) -> Revision | None:
    """Return one save, whole."""
    if not 0 < number <= MAX_ID:
        return None
    finding = select(*_LINE, Stored.fields).where(Stored.article_id == article_id, Stored.number == number)
    row = db.session.execute(finding).one_or_none()
    if row is None:
        return None
    line = RevisionLine(row.number, row.created_at, row.user_name, row.deed)
    return Revision(line, msgspec.convert(row.fields, Written))
