"""The audit log: who did what, written in the transaction of the deed itself."""

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from application.data.database import has_pending_writes
from application.data.models import SUBJECT_LENGTH, USER_NAME_LENGTH, Article, AuditEntry, User
from application.data.operations.transaction import transaction
from application.data.records import Actor
from application.extensions import db


def record(deed: str, subject: str, by: Actor, **details: object) -> None:
    """Note a deed; inside a transaction as a part of it, elsewhere in one of its own. Raises `DatabaseBusy`."""
    if has_pending_writes(db.session()):
        note(db.session(), deed, subject, known(db.session(), by), **details)
        return
    with transaction() as session:
        note(session, deed, subject, known(session, by), **details)


def note(session: Session, deed: str, subject: str, by: Actor, **details: object) -> None:
    """Note a deed in this session's transaction, by an account that is there or by nobody's.

    Details of other types than JSON's become text.
    """
    note_all(session, subject, by, [(deed, details)])


def note_all(session: Session, subject: str, by: Actor, deeds: Sequence[tuple[str, Mapping[str, object]]]) -> None:
    """Note several deeds on one thing, as `note` does; one statement."""
    who = {"user_id": by.user_id, "user_name": by.name[:USER_NAME_LENGTH], "subject": subject[:SUBJECT_LENGTH]}
    rows = [
        {**who, "deed": deed, "details": msgspec.to_builtins(details, str_keys=True, enc_hook=str)}
        for deed, details in deeds
    ]
    session.execute(insert(AuditEntry), rows)


def subject_of(article: Article) -> str:
    """Name an article as the log does."""
    return f"article {article.article_id}: {article.title}"[:SUBJECT_LENGTH]


def known(session: Session, by: Actor) -> Actor:
    """Return the actor, without an account that was deleted meanwhile: the name is what stays."""
    if by.user_id is None:
        return by
    return Actor(session.scalar(select(User.id).where(User.id == by.user_id)), by.name)
