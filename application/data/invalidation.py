"""What a changed row touches: collected at flush, written down with the change, told to the caches after commit."""

import logging
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Literal, Protocol

from flask import Flask, current_app
from sqlalchemy import Connection, delete, event, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, SessionTransaction, object_session

from application.caching import written_by
from application.data import listing, touching
from application.data.database import take_write_lock
from application.data.errors import DatabaseBusy
from application.data.models import ArticleAuthor, ArticleTag, InvalidationOutbox
from application.extensions import db

Kind = Literal["changed", "withdrawn"]
Touched = dict[Kind, set[str]]

SWEEP_AT_ONCE = 500
"""Outbox rows that one transaction of a sweep reads and deletes."""

TIDY_PATIENCE = 0.5
"""Seconds that an answered write waits for the lock to delete its outbox row; a sweep deletes what it leaves."""

OUTBOX = "(the outbox, for an earlier write)"

logger = logging.getLogger(__name__)

_TOUCHED = "broadsheet_touched"
_OUTBOX_IDS = "broadsheet_outbox_ids"
_COMMITTED = "broadsheet_committed"
_EXTENSION = "broadsheet_invalidation"


class Invalidates(Protocol):
    """What is told; False means that it could not be."""

    def invalidate(self, tags: Iterable[str], kind: Kind = "changed") -> bool:
        """Forget everything made from these tags."""


def init_app(app: Flask, cache: Invalidates) -> None:
    """Tell this cache of every commit in the application."""
    app.extensions[_EXTENSION] = cache


def touch(*tags: str, kind: Kind = "changed") -> None:
    """Touch tags in the session's transaction; for Core statements, which no flush sees."""
    _touch(db.session(), kind, tags)


def sweep_outbox() -> int:
    """Tell the caches what earlier commits could not, and return how many rows that were."""
    swept = 0
    while rows := _read_outbox():
        with written_by(OUTBOX):
            was_told = all(_invalidate(tags, kind) for kind, tags in _by_kind(rows).items())
        if not was_told:
            return swept
        _delete([row.outbox_id for row in rows])
        swept += len(rows)
    return swept


# What a transaction touched, by savepoint; None stands for the transaction itself.


def _levels(session: Session) -> dict[SessionTransaction | None, Touched]:
    levels: dict[SessionTransaction | None, Touched] = session.info.setdefault(_TOUCHED, {})
    return levels


def _touch(session: Session, kind: Kind, tags: Iterable[str]) -> None:
    level = _levels(session).setdefault(session.get_nested_transaction(), defaultdict(set))
    level[kind].update(tags)


@event.listens_for(db.session, "before_flush")
def _before_flush(session: Session, *_rest: object) -> None:
    listing.stamp_links(session)
    # What hangs on a deleted row can only be read while it is there.
    for kind, tags in touching.of_deleted(session):
        _touch(session, kind, tags)


@event.listens_for(db.session, "after_flush")
def _after_flush(session: Session, _context: object) -> None:
    # New rows have their ids by now, and what changed is not forgotten yet.
    for kind, tags in touching.of_changed(session):
        _touch(session, kind, tags)


@event.listens_for(ArticleAuthor, "before_delete")
@event.listens_for(ArticleTag, "before_delete")
def _before_link_is_deleted(_mapper: object, _connection: Connection, link: touching.Link) -> None:
    # A link that left its article's collection is an orphan: the session does not list it among the deleted.
    if (session := object_session(link)) is not None:
        kind, tags = touching.of_removed_link(link)
        _touch(session, kind, tags)


@event.listens_for(db.session, "before_commit")
def _before_commit(session: Session) -> None:
    """Write the tags down in the transaction that makes them true."""
    if session.get_nested_transaction() is not None:
        return
    session.flush()
    touched = _levels(session).get(None, {})
    rows = [{"kind": kind, "tags": sorted(tags)} for kind, tags in touched.items() if tags]
    if rows:
        adding = insert(InvalidationOutbox).returning(InvalidationOutbox.outbox_id)
        session.info[_OUTBOX_IDS] = list(session.scalars(adding, rows))


@event.listens_for(db.session, "after_commit")
def _after_commit(session: Session) -> None:
    levels = _levels(session)
    savepoint = session.get_nested_transaction()
    if savepoint is None:
        session.info[_COMMITTED] = levels.pop(None, {})
        return
    parent = savepoint.parent
    while parent is not None and not parent.nested:
        parent = parent.parent
    for kind, tags in levels.pop(savepoint, {}).items():
        levels.setdefault(parent, defaultdict(set))[kind].update(tags)


@event.listens_for(db.session, "after_transaction_end")
def _after_transaction_end(session: Session, transaction: SessionTransaction) -> None:
    """Forget what was rolled back; tell what was committed, now that the session holds no connection."""
    if transaction.nested:
        _levels(session).pop(transaction, None)
    elif transaction.parent is None:
        session.info.pop(_TOUCHED, None)
        outbox_ids = session.info.pop(_OUTBOX_IDS, [])
        committed: Touched = session.info.pop(_COMMITTED, {})
        if committed:
            _tell(committed, outbox_ids)


# Telling.


def _tell(touched: Touched, outbox_ids: list[int]) -> None:
    told = [_invalidate(tags, kind) for kind, tags in touched.items() if tags]
    if not all(told):
        logger.warning("the cache could not be told of a change; the outbox keeps it")
        return
    try:
        _delete(outbox_ids, TIDY_PATIENCE)
    except (DatabaseBusy, SQLAlchemyError) as error:
        # The change is committed and told: telling it again in the next sweep does no harm.
        logger.info("outbox rows %s wait for the next sweep: %s", outbox_ids, error)


def _invalidate(tags: set[str], kind: Kind) -> bool:
    cache: Invalidates = current_app.extensions[_EXTENSION]
    return cache.invalidate(tags, kind)


def _read_outbox() -> list[Any]:
    oldest = select(InvalidationOutbox.outbox_id, InvalidationOutbox.kind, InvalidationOutbox.tags)
    with db.engine.connect() as connection:
        return list(connection.execute(oldest.order_by(InvalidationOutbox.outbox_id).limit(SWEEP_AT_ONCE)))


def _by_kind(rows: list[Any]) -> dict[Kind, set[str]]:
    tags: Touched = defaultdict(set)
    for row in rows:
        tags[row.kind].update(row.tags)
    return tags


def _delete(outbox_ids: list[int], patience: float | None = None) -> None:
    if not outbox_ids:
        return
    with db.engine.begin() as connection:
        _lock(connection, patience)
        connection.execute(delete(InvalidationOutbox).where(InvalidationOutbox.outbox_id.in_(outbox_ids)))


def _lock(connection: Connection, patience: float | None) -> None:
    if patience is not None:
        take_write_lock(connection, patience)
