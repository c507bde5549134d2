"""SQL statements: each one is a span of kind `db`, with the time in which its rows are fetched."""

from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

from application.measuring.fetching import FetchingCursor
from application.measuring.timing import Span

_SPAN = "broadsheet_span"


def init_app(app: Flask, db: SQLAlchemy) -> None:
    """Time every statement of the application's engines."""
    with app.app_context():
        for engine in db.engines.values():
            observe(engine)


def observe(engine: Engine) -> None:
    """Time every statement that this engine runs."""
    event.listen(engine, "before_cursor_execute", _before)
    event.listen(engine, "after_cursor_execute", _after)
    event.listen(engine, "handle_error", _failed)


def _before(connection: Any, _cursor: object, statement: str, *_rest: object) -> None:
    connection.info[_SPAN] = Span("db", statement).__enter__()


def _after(connection: Any, cursor: object, *_rest: object) -> None:
    span: Span = connection.info.pop(_SPAN)
    span.__exit__()
    # PostgreSQL's driver has all rows by now.
    if isinstance(cursor, FetchingCursor):
        cursor.tell("span", span.go_on)


def _failed(context: ExceptionContext) -> None:
    # A failure may also be one of connecting or of committing, outside any statement.
    if context.connection is not None and (span := context.connection.info.pop(_SPAN, None)) is not None:
        span.note = type(context.original_exception).__name__
        span.__exit__()
