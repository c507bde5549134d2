"""A database in which somebody else is writing, and does not come to an end."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, text

HELD = 3.0
"""Seconds that somebody keeps everybody else from writing."""


@contextmanager
def locked(url: str, table: str = "articles") -> Iterator[None]:
    """Keep everybody else from writing these rows; on SQLite, any."""
    engine = create_engine(url)
    locking = f"LOCK TABLE {table} IN EXCLUSIVE MODE" if engine.dialect.name == "postgresql" else "BEGIN IMMEDIATE"
    with engine.connect() as connection:
        connection.execute(text(locking))
        yield
        connection.rollback()
    engine.dispose()
