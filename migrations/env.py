"""Runs the migrations on the site's own engine, or on the connection that a caller hands over.

Flask-Migrate hands the rest of the settings over.
"""

from contextlib import nullcontext
from typing import Any, Literal

from alembic import context
from flask import current_app
from sqlalchemy.types import TypeDecorator

from application.data.database import foreign_keys_off


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our column types as what they are stored as, so that an old migration outlives the code."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False


def run_migrations() -> None:
    """Run every pending migration inside one transaction."""
    migrate = current_app.extensions["migrate"]
    options = {"render_item": render_item, **migrate.configure_args}
    # A backup of an older release is brought up to date beside the site's own database.
    handed_over = context.config.attributes.get("connection")
    with nullcontext(handed_over) if handed_over else migrate.db.engine.connect() as connection:
        # We begin SQLite's transactions ourselves, so that it rolls tables back as PostgreSQL does.
        context.configure(connection=connection, target_metadata=migrate.db.metadata, transactional_ddl=True, **options)
        with foreign_keys_off(connection), context.begin_transaction():
            context.run_migrations()


run_migrations()
