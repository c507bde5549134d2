"""SQL statements: each one is a span of kind `db`."""

from time import perf_counter_ns
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, event

from application.measuring import timing


def init_app(app: Flask, db: SQLAlchemy) -> None:
    """Time every statement of the application's engines."""
    with app.app_context():
        for engine in db.engines.values():
            observe(engine)


def observe(engine: Engine) -> None:
    """Time every statement that this engine runs."""
    event.listen(engine, "before_cursor_execute", _before)
    event.listen(engine, "after_cursor_execute", _after)


def _before(connection: Any, *_rest: object) -> None:
    connection.info["broadsheet_statement_started"] = perf_counter_ns()


def _after(connection: Any, _cursor: object, statement: str, *_rest: object) -> None:
    if (timings := timing.current()) is not None:
        elapsed = perf_counter_ns() - connection.info["broadsheet_statement_started"]
        timings.add("db", statement, elapsed)
