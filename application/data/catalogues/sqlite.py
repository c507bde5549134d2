"""SQLite: its schema at once, sizes by reading the whole file."""

import sqlite3
from datetime import UTC, datetime

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from application.data.catalogues.counting import count
from application.data.facts import Constraint, DatabaseFacts, IndexFacts, Pages, TableFacts
from application.data.looking import nothing_kept

_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
_INDEXES = """SELECT t.name AS "table", i.name, i.origin, i.partial,
  group_concat(coalesce(c.name, '(expression)'), ', ') AS columns,
  coalesce((SELECT f."table" FROM pragma_foreign_key_list(t.name) f
    WHERE f.seq = 0 AND f."from" = (SELECT name FROM pragma_index_info(i.name) WHERE seqno = 0)), '') AS parent
FROM sqlite_schema t, pragma_index_list(t.name) i, pragma_index_info(i.name) c
WHERE t.type = 'table' GROUP BY t.name, i.name"""
_CONSTRAINTS: dict[str, Constraint] = {"pk": "primary key", "u": "unique"}

# A row of `dbstat` is a page; reading by the page lets the look be cut off between two of them. The cells of a table's
# leaves are its rows.
_PAGES = "SELECT name, sum(pgsize), sum(CASE pagetype WHEN 'leaf' THEN ncell ELSE 0 END) FROM dbstat GROUP BY name"


def read(connection: Connection) -> DatabaseFacts:
    """Return tables and indexes without their sizes, and without uses, of which SQLite keeps no count."""
    with nothing_kept(connection):
        page, pages, free = (_number(connection, what) for what in ("page_size", "page_count", "freelist_count"))
        names = connection.exec_driver_sql(_TABLES).scalars().all()
        tables = tuple(TableFacts(name, *count(connection, name), bytes=None, index_bytes=None) for name in names)
        indexes = tuple(
            IndexFacts(
                name=row.name,
                table=row.table,
                columns=row.columns,
                constraint=_CONSTRAINTS.get(row.origin, ""),
                parent=row.parent,
                is_partial=bool(row.partial),
                bytes=None,
                uses=None,
            )
            for row in connection.exec_driver_sql(_INDEXES)
        )
    return DatabaseFacts(f"SQLite {sqlite3.sqlite_version}", page * pages, page * free, tables, indexes, "", "")


def measure(connection: Connection) -> Pages:
    """Add up the pages of every table and index."""
    at = datetime.now(UTC)
    try:
        with nothing_kept(connection):
            rows = connection.exec_driver_sql(_PAGES).all()
    except OperationalError as error:
        why = "this SQLite was built without dbstat" if "no such table" in str(error.orig) else str(error.orig)
        return Pages({}, {}, why, None)
    return Pages({row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows}, "", at)


def _number(connection: Connection, what: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {what}").scalar_one())
