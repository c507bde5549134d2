"""The frame of every write: begin with the newest rows and the write lock, commit all of it or nothing."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from application.data.database import begin_write, end_read_transaction
from application.extensions import db
from application.measuring.timing import span

P = ParamSpec("P")
R = TypeVar("R")
TRIES = 3


@contextmanager
def transaction() -> Iterator[Session]:
    """Commit what the block writes, or none of it. Raises `DatabaseBusy`."""
    end_read_transaction()
    session = db.session()
    try:
        with span("write", "begin"):
            begin_write(session)
        yield session
        with span("write", "commit"):
            session.commit()
    except BaseException:
        session.rollback()
        raise


def decided_by_constraints(deed: Callable[P, R]) -> Callable[P, R]:
    """Do a deed again when somebody took the same unique name in the same moment."""

    @functools.wraps(deed)
    def again(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(TRIES - 1):
            try:
                return deed(*args, **kwargs)
            except IntegrityError:
                continue
        return deed(*args, **kwargs)

    return again
