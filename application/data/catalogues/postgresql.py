"""PostgreSQL: sizes, estimates and scans as its catalogue and its statistics have them."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row

from application.data.catalogues.counting import EXACT, count
from application.data.facts import Counted, DatabaseFacts, IndexFacts, TableFacts
from application.data.looking import leave_no_trace, nothing_kept

_WHOLE = """SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS bytes,
  (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()) AS since"""
_TABLES = """SELECT c.relname AS name, c.reltuples::bigint AS rows,
  pg_table_size(c.oid) AS bytes, pg_indexes_size(c.oid) AS index_bytes
FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'm')"""
_INDEXES = """SELECT t.relname AS "table", i.relname AS name, x.indisprimary AS is_primary,
  x.indisunique OR EXISTS (
    SELECT FROM pg_constraint k WHERE k.conindid = i.oid AND k.contype IN ('u', 'x')) AS is_unique,
  x.indpred IS NOT NULL AS is_partial, pg_total_relation_size(i.oid) AS bytes, s.idx_scan AS uses,
  (SELECT string_agg(pg_get_indexdef(i.oid, n, true), ', ' ORDER BY n)
    FROM generate_series(1, x.indnkeyatts) n) AS columns,
  coalesce((SELECT f.confrelid::regclass::text FROM pg_constraint f
    WHERE f.contype = 'f' AND f.conrelid = t.oid AND f.conkey[1] = x.indkey[0] LIMIT 1), '') AS parent
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
  LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = i.oid
WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind IN ('r', 'm')"""


def read(connection: Connection) -> DatabaseFacts:
    """Return tables and indexes with their sizes, and the scans of each index."""
    with nothing_kept(connection):
        leave_no_trace(connection)
        whole = connection.exec_driver_sql(_WHOLE).one()
        tables = tuple(_tables(connection))
        indexes = tuple(map(_index, connection.exec_driver_sql(_INDEXES)))
    since = f"the statistics were reset at {whole.since:%Y-%m-%d %H:%M %Z}" if whole.since else "its statistics began"
    return DatabaseFacts(
        system=f"PostgreSQL {whole.version}",
        bytes=whole.bytes,
        free_bytes=0,
        tables=tables,
        indexes=indexes,
        sizes="",
        uses=f"Scans since {since}, as PostgreSQL counts them on this server; a standby’s are its own.",
    )


def _tables(connection: Connection) -> Iterator[TableFacts]:
    for row in connection.exec_driver_sql(_TABLES).all():
        # There is no estimate of what was never looked at, and an old one may say too little.
        estimate: tuple[int, Counted] = (row.rows, "estimate")
        rows, counted = estimate if row.rows > EXACT else count(connection, row.name)
        yield TableFacts(row.name, rows, counted, row.bytes, row.index_bytes)


def _index(row: Row[Any]) -> IndexFacts:
    return IndexFacts(
        name=row.name,
        table=row.table,
        columns=row.columns,
        constraint="primary key" if row.is_primary else "unique" if row.is_unique else "",
        parent=row.parent,
        is_partial=row.is_partial,
        bytes=row.bytes,
        uses=row.uses,
    )
