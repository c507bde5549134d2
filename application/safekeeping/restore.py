"""Giving back: everything in the file is checked before anything in the database is touched."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, MetaData, insert
from sqlalchemy.exc import DatabaseError

from application.data import data_access
from application.data.database import open_sqlite, take_write_lock
from application.data.types import utc_now
from application.extensions import cache, db
from application.safekeeping import schema
from application.safekeeping.bundle import Manifest, unpack
from application.safekeeping.copying import copy_rows, count_rows, is_empty, keep_others_out
from application.safekeeping.problems import BackupProblem


def restore(path: Path, *, force: bool = False) -> tuple[Manifest, bool]:
    """Put what the file holds in place of what the database holds, in one transaction.

    Return what was in the file, and whether the caches could be told at once. Raises `BackupProblem`, `DatabaseBusy`.
    """
    with tempfile.TemporaryDirectory() as folder:
        manifest, copy = unpack(path, Path(folder))
        if not schema.is_known(manifest.revision):
            newest = schema.newest()
            raise BackupProblem(f"{path} is of a newer release: it has schema {manifest.revision}, this one {newest}")
        with _checked(copy, manifest) as source:
            _prepare(force=force)
            _replace(source)
    return manifest, cache.clear() is True


@contextmanager
def _checked(copy: Path, manifest: Manifest) -> Iterator[Connection]:
    """Open what was taken from the file, sound and of this release's revision."""
    with open_sqlite(copy) as connection:
        try:
            if wrong := _find_wrong(connection, manifest):
                raise BackupProblem(f"the database in the file is damaged: {wrong}")
            connection.rollback()
            schema.upgrade(connection, schema.newest())
        except DatabaseError as error:
            raise BackupProblem(f"the database in the file is damaged: {error.orig}") from error
        yield connection


def _find_wrong(connection: Connection, manifest: Manifest) -> str | None:
    """Return what is wrong with a database, in a few words."""
    told = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
    if told != "ok":
        return str(told)
    if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
        return "rows refer to rows that are not there"
    if schema.revision_of(connection) != manifest.revision:
        return "its schema is not the one that the manifest names"
    if count_rows(schema.tables_of(connection), connection) != manifest.rows:
        return "it has not as many rows as the manifest says"
    return None


def _prepare(*, force: bool) -> None:
    """Refuse a database that must not be replaced; give the other one this release's tables."""
    with db.engine.connect() as connection:
        revision = schema.revision_of(connection)
        if revision is not None and not schema.is_known(revision):
            raise BackupProblem(f"the database is of a newer release than this one: it has schema {revision}")
        if not force and not is_empty(schema.tables_of(connection), connection):
            raise BackupProblem("the database is not empty; --force replaces everything in it")
        connection.rollback()
        schema.upgrade(connection, schema.newest())


def _replace(source: Connection) -> None:
    with db.engine.begin() as target:
        take_write_lock(target)
        tables = schema.tables_of(target)
        keep_others_out(tables, target)
        expected = count_rows(tables, source)
        if copy_rows(tables, source, target) != expected:
            raise BackupProblem("not every row arrived, so nothing was changed")
        _leave_word(tables, target)


def _leave_word(tables: MetaData, target: Connection) -> None:
    """Have the caches told by the next sweep too, should Redis be away now.

    Whatever was made from the database was made by one of these functions, and carries its tag.
    """
    functions = [getattr(data_access, name) for name in data_access.__all__]
    names = sorted(f"fn/{function.uncached.__name__}" for function in functions if hasattr(function, "uncached"))
    row = {"kind": "withdrawn", "tags": names, "created_at": utc_now()}
    target.execute(insert(tables.tables["invalidation_outbox"]), [row])
