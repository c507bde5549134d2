"""What somebody typed into their forms and has not sent; never cached."""

from typing import Any

from sqlalchemy import Select, select

from application.data.models import Autosave
from application.data.records import AutosaveRecord
from application.extensions import db
from application.measuring.timing import timed

_COLUMNS = (Autosave.form_key, Autosave.article_id, Autosave.updated_at, Autosave.fields)


@timed("get_autosave")
def get_autosave(user_id: int, form_key: str) -> AutosaveRecord | None:
    """Return what is kept of one form."""
    row = db.session.execute(_of(user_id).where(Autosave.form_key == form_key)).one_or_none()
    return None if row is None else AutosaveRecord(**row._mapping)


@timed("get_autosaves")
def get_autosaves(user_id: int) -> tuple[AutosaveRecord, ...]:
    """Return what is kept of all of somebody's forms, lately typed first."""
    rows = [AutosaveRecord(**row._mapping) for row in db.session.execute(_of(user_id))]
    return tuple(sorted(rows, key=lambda row: row.updated_at, reverse=True))


def _of(user_id: int) -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).where(Autosave.user_id == user_id)
