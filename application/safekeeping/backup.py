"""Keeping: the whole database in one consistent view, while others go on writing."""

import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from flask import current_app
from sqlalchemy import Connection

from application.config import Settings
from application.data.database import open_sqlite
from application.extensions import db
from application.safekeeping import schema
from application.safekeeping.bundle import DATABASE, FORMAT, Manifest, digest, pack
from application.safekeeping.copying import copy_rows, count_rows
from application.safekeeping.problems import BackupProblem


def back_up(path: Path) -> Manifest:
    """Write the site into a file, and return what is in it. Raises `BackupProblem`, `DatabaseBusy`."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / DATABASE
        if db.engine.dialect.name == "sqlite":
            _copy_sqlite(copy)
        else:
            _copy_postgresql(copy)
        manifest = _describe(copy)
        pack(path, copy, manifest)
    return manifest


def _copy_sqlite(copy: Path) -> None:
    """Copy by SQLite's own backup, in one step: one view, and writers need not wait (sqlite.org/backup.html)."""
    with closing(db.engine.raw_connection()) as source, closing(sqlite3.connect(copy)) as target:
        driver = source.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            raise TypeError("not a connection to SQLite")
        driver.backup(target)


def _copy_postgresql(copy: Path) -> None:
    """Copy from one snapshot (REPEATABLE READ) into tables of the same revision."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with db.engine.connect().execution_options(**options) as source, open_sqlite(copy) as target:
        revision = _revision(source)
        schema.upgrade(target, revision)
        with target.begin():
            copy_rows(schema.tables_of(source), source, target)


def _describe(copy: Path) -> Manifest:
    settings: Settings = current_app.config["SETTINGS"]
    with open_sqlite(copy) as connection:
        revision = _revision(connection)
        rows = count_rows(schema.tables_of(connection), connection)
    with closing(sqlite3.connect(copy)) as file:
        # The copy is one file, without a log beside it.
        file.execute("PRAGMA journal_mode = DELETE")
    return Manifest(
        format=FORMAT,
        site_id=settings.installation_id,
        site_name=settings.site_name,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        revision=revision,
        sha256=digest(copy),
        rows=rows,
    )


def _revision(connection: Connection) -> str:
    revision = schema.revision_of(connection)
    if revision is None:
        raise BackupProblem("the database has no tables, so there is nothing to keep")
    return revision
