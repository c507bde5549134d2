"""INSERT … ON CONFLICT: both databases have it, SQLAlchemy spells it once for each."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from application.extensions import Base


def insert_unless_there(session: Session, model: type[Base]) -> Insert:
    """Start an INSERT that leaves rows alone which a unique constraint says are there already."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(model).on_conflict_do_nothing()
    return sqlite.insert(model).on_conflict_do_nothing()


def insert_or_replace(session: Session, model: type[Base], unique: Sequence[str], values: dict[str, Any]) -> Insert:
    """Insert a row, or give these values to the one that has the same unique columns."""
    others = {name: value for name, value in values.items() if name not in unique}
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(model).values(values).on_conflict_do_update(index_elements=unique, set_=others)
    return sqlite.insert(model).values(values).on_conflict_do_update(index_elements=unique, set_=others)
