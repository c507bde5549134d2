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
    return find_revisions(article_id, number).get(number)


@timed("find_revisions")
def find_revisions(article_id: int, *numbers: int) -> dict[int, Revision]:
    """Return several saves, whole, by their numbers; those that are not there are left out."""
    wanted = [number for number in numbers if 0 < number <= MAX_ID]
    finding = select(*_LINE, Stored.fields).where(Stored.article_id == article_id, Stored.number.in_(wanted))
    rows = db.session.execute(finding) if wanted else ()
    return {
        row.number: Revision(
            RevisionLine(row.number, row.created_at, row.user_name, row.deed), msgspec.convert(row.fields, Written)
        )
        for row in rows
    }
