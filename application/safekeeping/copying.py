"""Rows, from one database to another of the same revision."""

from typing import Any

from sqlalchemy import Connection, MetaData, Table, delete, func, insert, select, text

AT_ONCE = 200
"""Rows that are in memory together: an article may have two hundred kilobytes."""

PASSING = frozenset({"invalidation_outbox"})
"""What a running site still has to tell its caches is nothing to keep."""

GIVEN = frozenset({"roles"})
"""Rows that a database has before anybody wrote anything."""


def copy_rows(tables: MetaData, source: Connection, target: Connection) -> dict[str, int]:
    """Empty the target, copy every row, and return how many each table has now."""
    for table in reversed(tables.sorted_tables):
        target.execute(delete(table))
    for table in tables.sorted_tables:
        if table.name in PASSING:
            continue
        rows = source.execute(select(table).execution_options(yield_per=AT_ONCE)).mappings()
        for some in rows.partitions(AT_ONCE):
            target.execute(insert(table), [dict(row) for row in some])
        if target.dialect.name == "postgresql":
            _count_on(table, target)
    return count_rows(tables, target)


def count_rows(tables: MetaData, connection: Connection) -> dict[str, int]:
    """Return how many rows each table has that is kept."""
    kept = [table for table in tables.sorted_tables if table.name not in PASSING]
    return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in kept}


def is_empty(tables: MetaData, connection: Connection) -> bool:
    """Tell whether nobody has written anything into the database."""
    return not any(rows for name, rows in count_rows(tables, connection).items() if name not in GIVEN)


def keep_others_out(tables: MetaData, connection: Connection) -> None:
    """Let nobody write until the end of the transaction; readers go on. Raises `DatabaseBusy`."""
    if connection.dialect.name == "postgresql":
        quote = connection.dialect.identifier_preparer.format_table
        names = ", ".join(quote(table) for table in tables.sorted_tables)
        connection.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))


def _count_on(table: Table, connection: Connection) -> None:
    """Have PostgreSQL give out ids after those that came with the rows."""
    column: Any = table.autoincrement_column
    if column is None:
        return
    names = {"table": connection.dialect.identifier_preparer.format_table(table), "column": column.name}
    sequence = connection.scalar(text("SELECT pg_get_serial_sequence(:table, :column)"), names)
    last = connection.scalar(select(func.max(column)))
    if sequence is not None and last is not None:
        connection.execute(text("SELECT setval(:sequence, :last)"), {"sequence": sequence, "last": last})
