"""What an operator has the caches forget: written down first, with who and why, then done."""

import logging
from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError

from application.caching.inspector import readable
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


def forget(tags: Sequence[str], by: Actor, why: str, keys: int | None = None) -> bool:
    """Forget what was made from these tags; False when the cache could not be told. Raises `DatabaseBusy`.

    `keys` are as many as are known to go: it may be nothing, and the log shall not look as if it had been something.
    """
    subject = readable(", ".join(tags).encode())
    record(DEED, subject, by, why=why, **_known(tags, keys))
    return _was_told(cache.invalidate(tags), subject, by)


def forget_everything(by: Actor, why: str) -> bool:
    """Forget every value; False when the cache could not be told. Raises `DatabaseBusy`."""
    record(DEED, EVERYTHING, by, why=why)
    return _was_told(bool(cache.clear()), EVERYTHING, by)


def note_order(_cache: object, names: Sequence[str], why: str, keys: int | None) -> None:
    """Write down what the command line is about to have forgotten; that is done without the database, too."""
    try:
        record(DEED, ", ".join(names) or EVERYTHING, OPERATOR, why=why, **_known(names, keys))
    except (DatabaseBusy, SQLAlchemyError) as error:
        logger.warning("the audit log does not know that this was ordered: %s", error)


def _was_told(was_told: bool, subject: str, by: Actor) -> bool:
    """Add to the log when nothing came of what stands there."""
    if not was_told:
        record(UNTOLD, subject, by, why="Redis did not take it")
    return was_told


def _known(names: Sequence[str], keys: int | None) -> dict[str, object]:
    """Return as details how many keys go, where that is known, and the names where a subject has no room for them."""
    known: dict[str, object] = {} if keys is None else {"keys": keys}
    return known | ({"tags": list(names)} if len(", ".join(names)) > SUBJECT_LENGTH else {})
