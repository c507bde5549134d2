"""What was sent by somebody whose session was over; never cached."""

from sqlalchemy import select

from application.data.models import StrayWords
from application.data.records import AutosaveRecord
from application.extensions import db
from application.measuring.timing import timed


@timed("get_strays")
def get_strays(holder: str) -> tuple[AutosaveRecord, ...]:
    """Return all that is kept for whoever holds this key; its fields name the article that it was typed into."""
    columns = (StrayWords.form_key, StrayWords.updated_at, StrayWords.fields)
    rows = db.session.execute(select(*columns).where(StrayWords.holder == holder))
    return tuple(AutosaveRecord(row.form_key, None, row.updated_at, row.fields) for row in rows)
