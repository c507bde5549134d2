"""Every statement that a rehearsal's database is asked while somebody listens: its values, time, rows and asker."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any

from sqlalchemy import Engine, event

from application.explaining.places import place_of_call
from application.measuring.fetching import FetchingCursor


@dataclass(slots=True)
class Heard:
    """One run of a statement, as the driver got it."""

    sql: str
    values: Any
    place: str
    began: int = 0
    elapsed: int = 0
    rows: int | None = None

    def go_on(self, spent: int) -> None:
        """Add what the fetching of rows took."""
        self.elapsed += spent


class Recorder:
    """Listens to an engine."""

    def __init__(self, engine: Engine) -> None:
        self._heard: list[Heard] | None = None
        event.listen(engine, "before_cursor_execute", self._before)
        event.listen(engine, "after_cursor_execute", self._after)

    @contextmanager
    def listening(self) -> Iterator[list[Heard]]:
        """Give the growing list of what is heard until the block ends."""
        heard = self._heard = []
        try:
            yield heard
        finally:
            self._heard = None

    def _before(self, _connection: Any, cursor: Any, sql: str, values: Any, _context: Any, many: bool) -> None:
        if self._heard is None:
            return
        run = Heard(sql, values[0] if many else values, place_of_call(sys._getframe(1)))
        if isinstance(cursor, sqlite3.Cursor):
            # SQLite does not know how many rows there will be; each one that is fetched passes here.
            cursor.row_factory = _counting(run)
        self._heard.append(run)
        run.began = perf_counter_ns()

    def _after(self, _connection: Any, cursor: Any, *_rest: Any) -> None:
        if self._heard:
            run = self._heard[-1]
            run.elapsed = perf_counter_ns() - run.began
            if isinstance(cursor, FetchingCursor):
                cursor.tell("recorder", run.go_on)
            if cursor.rowcount >= 0:
                run.rows = cursor.rowcount
            elif run.rows is None and isinstance(cursor, sqlite3.Cursor):
                run.rows = 0


def _counting(run: Heard) -> Any:
    def count(_cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> tuple[Any, ...]:
        run.rows = (run.rows or 0) + 1
        return row

    return count
