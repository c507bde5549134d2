"""What an operator has the caches forget: written down first, with who and why, then done."""

import logging
from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError

from application.data.errors import DatabaseBusy
from application.data.models import SUBJECT_LENGTH
from application.data.operations.account_life import OPERATOR
from application.data.operations.audit import record
from application.data.records import Actor
from application.extensions import cache

DEED = "cache purged"
UNTOLD = "cache not purged"
EVERYTHING = "everything"

logger = logging.getLogger(__name__)


def forget(tags: Sequence[str], by: Actor, why: str) -> bool:
    """Forget what was made from these tags; False when the cache could not be told. Raises `DatabaseBusy`."""
    subject = ", ".join(tags)
    record(DEED, subject, by, why=why, **_all(tags))
    return _was_told(cache.invalidate(tags), subject, by)


def forget_everything(by: Actor, why: str) -> bool:
    """Forget every value; False when the cache could not be told. Raises `DatabaseBusy`."""
    record(DEED, EVERYTHING, by, why=why)
    return _was_told(bool(cache.clear()), EVERYTHING, by)


def note_order(_cache: object, names: Sequence[str], why: str) -> None:
    """Write down what the command line is about to have forgotten; that is done without the database, too."""
    try:
        record(DEED, ", ".join(names) or EVERYTHING, OPERATOR, why=why, **_all(names))
    except (DatabaseBusy, SQLAlchemyError) as error:
        logger.warning("the audit log does not know that this was ordered: %s", error)


def _was_told(was_told: bool, subject: str, by: Actor) -> bool:
    """Add to the log when nothing came of what stands there."""
    if not was_told:
        record(UNTOLD, subject, by, why="Redis did not take it")
    return was_told


def _all(names: Sequence[str]) -> dict[str, list[str]]:
    """Return the names as a detail where a subject has no room for them."""
    return {"tags": list(names)} if len(", ".join(names)) > SUBJECT_LENGTH else {}
