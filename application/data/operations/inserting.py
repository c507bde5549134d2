"""INSERT … ON CONFLICT DO NOTHING: both databases have it, SQLAlchemy spells it once for each."""

from sqlalchemy import Insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from application.extensions import Base


def insert_unless_there(session: Session, model: type[Base]) -> Insert:
    """Start an INSERT that leaves rows alone which a unique constraint says are there already."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(model).on_conflict_do_nothing()
    return sqlite.insert(model).on_conflict_do_nothing()
