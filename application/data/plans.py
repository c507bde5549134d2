"""How the database finds its rows, by its own `EXPLAIN`, and which of them it reads in vain."""

import re
from collections.abc import Collection, Iterator
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, CursorResult, Inspector, inspect
from sqlalchemy.exc import SQLAlchemyError

from application.data.loops import Loop, read_loops

BIG = 1_000
"""Rows from which on reading a whole table is worth a word: below, an index would hardly be quicker."""
_PLANNED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "VALUES")
_PREPARED = "broadsheet_plan"
_POSTGRES_SCAN = re.compile(r"Seq Scan on (\w+)(?: (\w+))?")
_SQLITE_INDEX = re.compile(r"\bUSING (?:COVERING )?INDEX (\w+)")
_POSTGRES_INDEX = re.compile(r"\bIndex (?:Only )?Scan (?:Backward )?(?:using|on) (\w+)")
_SQLITE_PLACE = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|(\?)""")
_POSTGRES_PLACE = re.compile(r"%(?:%|\((\w+)\)s)")
_COLUMN = r'(?:"?(\w+)"?\.)?"?(\w+)"?\s*'
_COMPARED = re.compile(rf"{_COLUMN}(?:=|<|>|\bIN\b|\bLIKE\b|\bBETWEEN\b|\bIS\b)", re.IGNORECASE)
_SOUGHT = re.compile(rf"{_COLUMN}(?:=|\bIN\b)", re.IGNORECASE)


class Scan(Struct, frozen=True):
    """A table that is read from end to end; of a big one only that is known. No index begins with its `columns`.

    Unless it `is_whole`, a LIMIT ends it once enough rows are found.
    """

    table: str
    rows: int
    is_big: bool
    columns: tuple[str, ...]
    is_whole: bool = True

    @property
    def part(self) -> str:
        """Say how much of it is read."""
        return f"all of {self.table}" if self.is_whole else f"{self.table} until enough is found"


class Sort(Struct, frozen=True):
    """A table of which many rows, those with the same values in `columns`, are read and sorted to take a few."""

    table: str
    columns: tuple[str, ...]


def read_plan(connection: Connection, sql: str, values: Any) -> list[str]:
    """Return the plan of a statement, a line a step; nothing for what has none. The statement itself does not run."""
    if not has_plan(sql):
        return []
    try:
        if connection.dialect.name == "sqlite":
            return _sqlite_plan(connection, sql, values)
        return [str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN {sql}", values)]
    except SQLAlchemyError:
        # What was read of a table that this transaction had made, say.
        connection.rollback()
        return []


def has_plan(sql: str) -> bool:
    """Tell whether a statement is of a kind that has one: whether it reads or writes rows."""
    return sql.lstrip(" (\n").upper().startswith(_PLANNED)


def read_plan_for_any(connection: Connection, sql: str) -> list[str]:
    """Return the plan of a statement of which only the text is known: the one that is made for any values.

    Raises `SQLAlchemyError` when the database makes none.
    """
    if connection.dialect.name == "sqlite":
        return _sqlite_plan(connection, sql, (None,) * sum(1 for found in _SQLITE_PLACE.finditer(sql) if found[1]))
    prepared, count = _numbered(sql)
    # PostgreSQL 16 has EXPLAIN (GENERIC_PLAN); this is the same on older ones too. The caller's transaction has
    # `plan_cache_mode = force_generic_plan`, without which NULL would be planned for.
    _as_it_is(connection, f"PREPARE {_PREPARED} AS {prepared}")
    try:
        values = f"({', '.join(['NULL'] * count)})" if count else ""
        lines = [str(row[0]) for row in _as_it_is(connection, f"EXPLAIN EXECUTE {_PREPARED}{values}")]
        _as_it_is(connection, f"DEALLOCATE {_PREPARED}")
    except SQLAlchemyError:
        # It outlives its transaction, and nothing can take it back in one that failed.
        connection.invalidate()
        raise
    return lines


def _as_it_is(connection: Connection, sql: str) -> CursorResult[Any]:
    """Run a text in which a percent sign stands for itself."""
    return connection.exec_driver_sql(sql, execution_options={"no_parameters": True})


def _numbered(sql: str) -> tuple[str, int]:
    """Return a statement with `$1`, `$2` … in place of the driver's names, and how many they are."""
    numbers: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        return "%" if found[1] is None else f"${numbers.setdefault(found[1], len(numbers) + 1)}"

    return _POSTGRES_PLACE.sub(number, sql), len(numbers)


def _sqlite_plan(connection: Connection, sql: str, values: Any) -> list[str]:
    depths = {0: -1}
    lines = []
    for number, parent, _unused, detail in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values):
        depths[number] = depths.get(parent, -1) + 1
        lines.append("  " * depths[number] + detail)
    return lines


def find_indexes(plan: list[str]) -> list[str]:
    """Return the indexes that are read, each once."""
    lines = [_SQLITE_INDEX.search(line) or _POSTGRES_INDEX.search(line) for line in plan]
    return list(dict.fromkeys(found[1] for found in lines if found))


def find_scans(connection: Connection, sql: str, plan: list[str], inspector: Inspector | None = None) -> list[Scan]:
    """Return the tables that are read from end to end; who asks of many statements hands one inspector in."""
    inspector = inspector or inspect(connection)
    tables = set(inspector.get_table_names())
    found: dict[str, Scan] = {}
    for loop in _scanned(connection, sql, plan):
        table = _meant(sql, loop.table, tables)
        if not table or table in found or _is_partial(inspector, table, loop.index):
            continue
        compared = _SOUGHT if loop.ends_early else _COMPARED
        columns = tuple(_without_index(inspector, sql, table, loop.table, compared))
        # A walk along an index that a LIMIT ends is what one wishes for, unless it looks for something on its way.
        if columns or not loop.ends_early:
            rows = _count(connection, table)
            found[table] = Scan(table, rows, rows >= BIG, columns, not loop.ends_early)
    return list(found.values())


def find_sorts(connection: Connection, sql: str, plan: list[str], inspector: Inspector | None = None) -> list[Sort]:
    """Return the big tables of which many rows may be sorted for a few, since no index has them in order.

    PostgreSQL sorts by estimates of its own, which one has to read in the plan.
    """
    if connection.dialect.name != "sqlite":
        return []
    inspector = inspector or inspect(connection)
    tables = set(inspector.get_table_names())
    found: dict[str, Sort] = {}
    for loop in read_loops(sql, plan):
        table = _meant(sql, loop.table, tables) if loop.is_sorted_for_few and not loop.is_whole else ""
        if table and table not in found and not _is_partial(inspector, table, loop.index):
            columns = {column["name"] for column in inspector.get_columns(table)}
            if loop.equal is not None and columns.issuperset(loop.equal) and _are_many(connection, table, loop.equal):
                found[table] = Sort(table, loop.equal)
    return list(found.values())


def _scanned(connection: Connection, sql: str, plan: list[str]) -> Iterator[Loop]:
    if connection.dialect.name == "sqlite":
        yield from (loop for loop in read_loops(sql, plan) if loop.is_whole)
    else:
        for found in filter(None, map(_POSTGRES_SCAN.search, plan)):
            yield Loop(found[1], "", is_whole=True, equal=(), ends_early=False, is_sorted_for_few=False)


def _meant(sql: str, name: str, tables: Collection[str]) -> str:
    """Return the table that a statement calls so, or nothing."""
    if name in tables:
        return name
    named = re.findall(rf'"?(\w+)"?\s+(?:AS\s+)?"?{re.escape(name)}"?(?!\w)', sql, re.IGNORECASE)
    return next((table for table in named if table in tables), "")


def _is_partial(inspector: Inspector, table: str, index: str) -> bool:
    """Tell whether an index has some rows only: it was made for going through all of those."""
    named = (one for one in inspector.get_indexes(table) if one["name"] == index)
    return any((one.get("dialect_options") or {}).get("sqlite_where") is not None for one in named)


def _count(connection: Connection, table: str) -> int:
    """Return how many rows there are, `BIG` standing for all beyond."""
    quoted = connection.dialect.identifier_preparer.quote(table)
    few = f"SELECT count(*) FROM (SELECT 1 FROM {quoted} LIMIT {BIG}) AS few"  # noqa: S608 - a name that the database gave
    return int(connection.exec_driver_sql(few).scalar_one())


def _are_many(connection: Connection, table: str, equal: tuple[str, ...]) -> bool:
    """Tell whether `BIG` rows or more have the same values in these columns: all of the table, when there are none."""
    if _count(connection, table) < BIG:
        return False
    if not equal:
        return True
    quote = connection.dialect.identifier_preparer.quote
    names = [quote(column) for column in equal]
    known = " AND ".join(f"{one} IS NOT NULL" for one in names)
    many = f"SELECT 1 FROM {quote(table)} WHERE {known} GROUP BY {', '.join(names)} HAVING count(*) >= {BIG} LIMIT 1"  # noqa: S608 - names that the database gave
    return connection.exec_driver_sql(many).first() is not None


def _without_index(inspector: Inspector, sql: str, table: str, alias: str, compared: re.Pattern[str]) -> Iterator[str]:
    """Yield the columns of a table that the statement compares with something, and no index begins with."""
    columns = {column["name"] for column in inspector.get_columns(table)}
    indexed = {index["column_names"][0] for index in inspector.get_indexes(table)}
    indexed |= {unique["column_names"][0] for unique in inspector.get_unique_constraints(table)}
    indexed |= set(inspector.get_pk_constraint(table)["constrained_columns"][:1])
    names = {table, alias, *re.findall(rf'\b{table}"?\s+(?:AS\s+)?"?(\w+)', sql, re.IGNORECASE), ""}
    seen: set[str] = set()
    for owner, column in compared.findall(_conditions(sql)):
        if owner in names and column in columns - indexed - seen:
            seen.add(column)
            yield column


def _conditions(sql: str) -> str:
    """Return what follows the first `ON` or `WHERE`."""
    found = re.search(r"\b(?:ON|WHERE)\b", sql, re.IGNORECASE)
    return sql[found.start() :] if found else ""
