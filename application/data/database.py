"""The engine and its transactions: SQLite without blocking, PostgreSQL as it is.

On SQLite a transaction begins as a reader. Its first write gives up what it has read, takes the write lock by
`BEGIN IMMEDIATE`, waiting in steps that let other greenlets run, and then sees the newest rows. That is what
PostgreSQL calls READ COMMITTED, so both behave alike; conflicts show in unique constraints and version numbers.
"""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask, has_app_context
from sqlalchemy import URL, Connection, Engine, Executable, Result, Row, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.orm import Session, SessionTransaction

from application.caching import computing
from application.data.errors import DatabaseBusy
from application.extensions import cache, db
from application.measuring.fetching import FetchingConnection

PATIENCE = 5.0
"""Seconds that a writer waits for another before it gives up with `DatabaseBusy`."""

FIRST_STEP, LONGEST_STEP = 0.002, 0.05
"""Seconds between two tries for the write lock: they grow, for a lock held long is not worth asking for often."""

# What a statement was given (names of sessions, addresses) is no matter for logs, where its failure is told.
_DISCREET = {"hide_parameters": True}
# A waiting writer keeps its connection; readers must still find one. SQLite's cost a file handle each.
_SQLITE = {
    "connect_args": {"timeout": 0, "factory": FetchingConnection},
    "pool_size": 20,
    "max_overflow": 200,
    "pool_timeout": PATIENCE,
}
_POSTGRESQL = {"pool_size": 5, "max_overflow": 15, "pool_timeout": PATIENCE, "pool_pre_ping": True}

_READING = ("SELECT", "VALUES", "PRAGMA", "EXPLAIN", "RELEASE", "ROLLBACK", "SHOW", "SET")
_LOCK_TIMED_OUT, _DEADLOCK = "55P03", "40P01"
_WRITES = "broadsheet_writes"
_CONNECTION = "broadsheet_connection"


def init_app(app: Flask) -> None:
    """Bind the database to an application. Raises ValueError for one that lives in memory only."""
    url = normalise_url(app.config["SQLALCHEMY_DATABASE_URI"])
    is_sqlite = url.get_backend_name() == "sqlite"
    if is_sqlite and url.database in {None, "", ":memory:"}:
        raise ValueError("DATABASE_URL names no file: every connection would see a database of its own")
    defaults = {**_DISCREET, **(_SQLITE if is_sqlite else _POSTGRESQL)}
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {**defaults, **app.config.get("SQLALCHEMY_ENGINE_OPTIONS", {})}
    db.init_app(app)
    with app.app_context():
        _listen(db.engine, is_sqlite=is_sqlite)


def read_only(app: Flask) -> None:
    """Have the database itself refuse every write of this application."""
    with app.app_context():
        engine = db.engine
    event.listen(engine, "connect", _refuse_writes)


def _refuse_writes(connection: Any, _record: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA query_only = ON")
        return
    connection.execute("SET default_transaction_read_only = on")
    connection.commit()


def never_commit(app: Flask) -> None:
    """Have every transaction of this application rolled back where it would be committed."""
    with app.app_context():
        dialect = db.engine.dialect
    dialect.do_commit = dialect.do_rollback  # type: ignore[method-assign]


def read(statement: Executable, parameters: Mapping[str, Any] | None = None) -> Result[Any]:
    """Run a statement that asks for columns in the session's transaction.

    The session's own way looks for objects to load, which takes as long again as a small statement: 250 µs or 130.
    What the session has not flushed yet is not seen.
    """
    return db.session.connection().execute(statement, parameters or {})


def read_apart(statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
    """Run a statement that asks for columns in a transaction of its own: what the session has written is not seen.

    For a request that asks one thing, a session takes as long as its statement.
    """
    with db.engine.connect() as connection:
        return connection.execute(statement, parameters or {}).all()


def normalise_url(address: str | URL) -> URL:
    """Name the driver of a PostgreSQL address, in whichever spelling a host hands it out."""
    url = make_url(address)
    if url.drivername in {"postgres", "postgresql"}:
        return url.set(drivername="postgresql+psycopg")
    return url


@contextmanager
def open_sqlite(path: Path) -> Iterator[Connection]:
    """Open a file that is not the site's own database, with the same transactions."""
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": 0})
    _listen(engine, is_sqlite=True)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _listen(engine: Engine, *, is_sqlite: bool) -> None:
    event.listen(engine, "connect", _connect_sqlite if is_sqlite else _connect_postgresql)
    event.listen(engine, "begin", _begin_sqlite if is_sqlite else _begin)
    event.listen(engine, "before_cursor_execute", _before_statement)
    event.listen(engine, "handle_error", _name_error)


# Connections and transactions.


def _connect_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """Hand transactions over to us: the driver's own control would begin none before a read."""
    connection.isolation_level = None
    patiently(lambda: connection.execute("PRAGMA journal_mode = WAL"))
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    # SQLite's own knows A to Z alone; a search for a title should know every script, as PostgreSQL's does.
    connection.create_function("lower", 1, lambda text: text and str(text).lower(), deterministic=True)


def _connect_postgresql(connection: Any, _record: object) -> None:
    connection.execute(f"SET lock_timeout = '{PATIENCE:.0f}s'")
    connection.commit()


def _begin(connection: Connection) -> None:
    connection.info[_WRITES] = False


def _begin_sqlite(connection: Connection) -> None:
    """Begin as a reader, and take the snapshot at once: only this first look can find the file locked.

    That happens for a moment while another process recovers the log of one that was killed, or closes it.
    """
    _begin(connection)
    driver = _driver(connection)
    driver.execute("BEGIN")
    patiently(lambda: driver.execute("SELECT 1 FROM sqlite_master").fetchone())


def _before_statement(
    connection: Connection, _cursor: object, statement: str, _parameters: object, context: Any, _many: object
) -> None:
    if not connection.info.get(_WRITES):
        if not _is_write(statement, context):
            return
        take_write_lock(connection)
    # What is read from here on may never be committed, and must not outlive this transaction.
    cache.do_not_store("write")


def _is_write(statement: str, context: Any) -> bool:
    """Tell a write from a read; what is not known to read is taken for a write."""
    if context is not None and (context.isinsert or context.isupdate or context.isdelete):
        return True
    return not statement.lstrip(" \t\r\n(").upper().startswith((*_READING, "WITH"))


def take_write_lock(connection: Connection, patience: float = PATIENCE) -> None:
    """Become a writer with a view of the newest rows. Raises `DatabaseBusy`."""
    if connection.info.get(_WRITES):
        return
    if connection.dialect.name == "sqlite":
        driver = _driver(connection)
        if driver.in_transaction:
            driver.execute("ROLLBACK")
        patiently(lambda: driver.execute("BEGIN IMMEDIATE"), patience)
    connection.info[_WRITES] = True


def patiently(attempt: Callable[[], object], patience: float = PATIENCE) -> None:
    """Try until SQLite's lock is free. Raises `DatabaseBusy` after `patience` seconds."""
    deadline = time.monotonic() + patience
    step = FIRST_STEP
    while True:
        try:
            attempt()
        except sqlite3.OperationalError as error:
            if not _is_locked(error):
                raise
            if time.monotonic() >= deadline:
                raise DatabaseBusy("another writer holds the database") from error
        else:
            return
        # Under gevent this lets the others run; the random part keeps waiting writers out of step.
        time.sleep(step * random.uniform(0.5, 1.0))  # noqa: S311 - nothing secret
        step = min(step * 1.5, LONGEST_STEP)


def _is_locked(error: BaseException | None) -> bool:
    # The low byte is the primary code; SQLITE_BUSY_RECOVERY and its like differ above it.
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _name_error(context: ExceptionContext) -> None:
    """Turn what the drivers say about locks into our own error."""
    error = context.original_exception
    if _is_locked(error) or getattr(error, "sqlstate", None) in {_LOCK_TIMED_OUT, _DEADLOCK}:
        raise DatabaseBusy("another writer holds the rows") from error


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError("not a connection to SQLite")
    return driver


# Sessions.


def begin_write(session: Session) -> None:
    """Take the write lock now, so that what is read from here on is what will be written upon."""
    take_write_lock(session.connection())


def has_pending_writes(session: Session) -> bool:
    """Tell whether the session's transaction has written, or is about to."""
    if session.new or session.dirty or session.deleted:
        return True
    connection: Connection | None = session.info.get(_CONNECTION)
    return connection is not None and bool(connection.info.get(_WRITES))


def end_read_transaction() -> None:
    """Let go of the session's snapshot, unless something was written in it."""
    if not has_app_context() or not db.session.registry.has():
        return
    session = db.session()
    if session.in_transaction() and not has_pending_writes(session):
        session.rollback()


@event.listens_for(db.session, "after_begin")
def _remember_connection(session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    session.info[_CONNECTION] = connection


@event.listens_for(db.session, "after_begin")
def _see_one_version(_session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Give a page that is made without the cache one snapshot; SQLite's transactions have one anyway."""
    if connection.dialect.name == "postgresql" and not transaction.nested and cache.needs_one_view():
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


@event.listens_for(db.session, "after_transaction_end")
def _forget_connection(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_CONNECTION, None)


@computing.connect
def _on_computing(_sender: object) -> None:
    """Let a computation see the newest rows: in an older snapshot it would store old ones as new."""
    end_read_transaction()


# Migrations.


@contextmanager
def foreign_keys_off(connection: Connection) -> Iterator[None]:
    """Let SQLite copy tables under a migration: dropping the original must not delete what refers to it.

    Must be entered before the connection's transaction begins. Raises ValueError when rows were left dangling.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = _driver(connection)
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
        if dangling := driver.execute("PRAGMA foreign_key_check").fetchall():
            raise ValueError(f"the migration left rows that refer to nothing: {dangling[:5]}")
    finally:
        driver.execute("PRAGMA foreign_keys = ON")
