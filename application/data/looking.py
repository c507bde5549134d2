"""Looks at the database that change nothing, take little time, and are in nobody's figures."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from application.data.database import open_sqlite
from application.data.errors import DatabaseBusy
from application.measuring.timing import unmeasured
from application.utils.aside import do_aside
from application.utils.offload import Threads

R = TypeVar("R")

PATIENCE = 2.0
"""Seconds after which PostgreSQL ends a statement of such a look, and SQLite all of it."""
AT_MOST = 0.01
"""The part of the time that goes into finding out what is kept: what took a second is found again after 100."""
_STEPS = 50_000
"""Steps of SQLite's machine between two looks at the clock: some milliseconds."""
_CAREFUL = """SELECT set_config('transaction_read_only', 'on', true), set_config('statement_timeout', '2s', true),
set_config('lock_timeout', '1s', true), set_config('plan_cache_mode', 'force_generic_plan', true)"""

# SQLite keeps the interpreter's thread for as long as it works; a long look must not hold up the short ones.
_SHORT = Threads(1, waiting=20)
_LONG = Threads(1, waiting=4)


def look(engine: Engine, work: Callable[[Connection], R], seconds: float = PATIENCE) -> R:
    """Run a function on a connection by which nothing can be changed; where gevent rules, beside its loop.

    Raises `DatabaseBusy` when the database has no answer, or none in time.
    """
    try:
        if engine.dialect.name != "sqlite":
            with unmeasured(), engine.connect() as connection:
                return work(connection)
        threads = _SHORT if seconds <= PATIENCE else _LONG
        return threads.run(_look_into, Path(str(engine.url.database)), work, seconds)
    except DBAPIError as error:
        raise DatabaseBusy(str(error.orig).partition("\n")[0]) from error


def _look_into(file: Path, work: Callable[[Connection], R], seconds: float) -> R:
    """Open a file of SQLite's in this thread, and look."""
    ends = time.monotonic() + seconds
    with unmeasured(), open_sqlite(file) as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA query_only = ON")
        driver.set_progress_handler(lambda: time.monotonic() > ends, _STEPS)
        return work(connection)


@contextmanager
def nothing_kept(connection: Connection) -> Iterator[None]:
    """Let the block be one transaction that reads only, and is rolled back."""
    with connection.begin() as transaction:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(_CAREFUL)
        yield
        transaction.rollback()


def leave_no_trace(connection: Connection) -> None:
    """Have the rest of the transaction count rows without indexes: PostgreSQL would count that as a use of one."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL enable_indexonlyscan = off")


class Kept(Generic[R]):
    """What takes long to find out: found aside, by one at a time, and kept for a hundred times as long as it took."""

    def __init__(self, find: Callable[[], R], least: float) -> None:
        self._find = find
        self._least = least
        self._found: R | None = None
        self._error: Exception | None = None
        self._began = self._good_until = 0.0
        self._ready = threading.Event()
        self._starting = threading.Lock()
        self._under_way = False

    def get(self, patience: float) -> R | None:
        """Return it, or what is known from before when finding it takes longer than `patience` seconds, or None.

        Raises what finding it raised.
        """
        with self._starting:
            if not self._under_way and time.monotonic() >= self._good_until:
                self._under_way = True
                self._began = time.monotonic()
                self._ready.clear()
                do_aside(self._run)
        # Who comes in the middle of it need not wait as long again.
        self._ready.wait(max(0.0, self._began + patience - time.monotonic()))
        if self._error is not None and not self._under_way:
            raise self._error
        return self._found

    def _run(self) -> None:
        self._error = None
        try:
            self._found = self._find()
        # It is the error of those who ask.
        except Exception as error:  # noqa: BLE001
            self._error = error
        ended = time.monotonic()
        self._good_until = ended + max(self._least, (ended - self._began) / AT_MOST)
        self._under_way = False
        self._ready.set()
