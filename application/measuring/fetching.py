"""The fetching of rows: SQLite looks for all but the first of them only then, so that it is a part of the statement."""

import sqlite3
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

Tell = Callable[[int], None]


class FetchingCursor(sqlite3.Cursor):
    """Tells whoever wants to know how long (ns) each fetch took."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._told: dict[str, Tell] = {}

    def tell(self, who: str, told: Tell) -> None:
        """Tell them of the statement that was run last; a cursor may run several."""
        self._told[who] = told

    def fetchone(self) -> Any:
        """Return the next row."""
        started = perf_counter_ns()
        try:
            return super().fetchone()
        finally:
            self._tell(perf_counter_ns() - started)

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return the next rows."""
        started = perf_counter_ns()
        try:
            return super().fetchmany(self.arraysize if size is None else size)
        finally:
            self._tell(perf_counter_ns() - started)

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        started = perf_counter_ns()
        try:
            return super().fetchall()
        finally:
            self._tell(perf_counter_ns() - started)

    def _tell(self, spent: int) -> None:
        for told in self._told.values():
            told(spent)


class FetchingConnection(sqlite3.Connection):
    """Reads by such cursors."""

    def cursor(self, factory: Any = FetchingCursor) -> Any:
        """Return a cursor."""
        return super().cursor(factory)
