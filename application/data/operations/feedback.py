"""Feedback: what readers write, and what staff did with it."""

from sqlalchemy.orm import Session

from application.data.errors import NotFound
from application.data.models import USER_NAME_LENGTH, Feedback
from application.data.operations.audit import record
from application.data.operations.transaction import transaction
from application.data.records import Actor
from application.data.types import utc_now


def add_feedback(name: str, email: str, message: str) -> int:
    """Store a message whose parts were checked; return its id. Raises `DatabaseBusy`."""
    with transaction() as session:
        row = Feedback(name=name, email=email, message=message)
        session.add(row)
        session.flush()
        return row.feedback_id


def mark_done(feedback_id: int, by: Actor) -> None:
    """Say that a message needs nothing more; doing it again changes nothing. Raises `NotFound`."""
    with transaction() as session:
        row = _of(session, feedback_id)
        if row.done_at is None:
            row.done_at, row.done_by = utc_now(), by.name[:USER_NAME_LENGTH]
            record("feedback done", f"feedback {feedback_id}", by)


def reopen(feedback_id: int, by: Actor) -> None:
    """Say that a message needs something after all. Raises `NotFound`."""
    with transaction() as session:
        row = _of(session, feedback_id)
        if row.done_at is not None:
            row.done_at = row.done_by = None
            record("feedback opened again", f"feedback {feedback_id}", by)


def delete_feedback(feedback_id: int, by: Actor) -> None:
    """Delete a message for good; one that is gone already changes nothing. The log says nothing of what it said."""
    with transaction() as session:
        row = session.get(Feedback, feedback_id)
        if row is not None:
            session.delete(row)
            record("feedback deleted", f"feedback {feedback_id}", by)


def _of(session: Session, feedback_id: int) -> Feedback:
    row = session.get(Feedback, feedback_id)
    if row is None:
        raise NotFound
    return row
