"""The audit log: who did what, written in the transaction of the deed itself."""

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from application.data.database import has_pending_writes
from application.data.models import SUBJECT_LENGTH, USER_NAME_LENGTH, Article, AuditEntry, User
from application.data.operations.transaction import transaction
from application.data.records import Actor
from application.extensions import db


def record(deed: str, subject: str, by: Actor, **details: object) -> None:
    """Note a deed; inside a transaction as a part of it, elsewhere in one of its own. Raises `DatabaseBusy`."""
    if has_pending_writes(db.session()):
        note(db.session(), deed, subject, by, **details)
        return
    with transaction() as session:
        note(session, deed, subject, by, **details)


def note(session: Session, deed: str, subject: str, by: Actor, **details: object) -> None:
    """Note a deed in this session's transaction; details of other types than JSON's become text."""
    session.add(
        AuditEntry(
            user_id=known_user_id(session, by),
            user_name=by.name[:USER_NAME_LENGTH],
            deed=deed,
            subject=subject[:SUBJECT_LENGTH],
            details=msgspec.to_builtins(details, str_keys=True, enc_hook=str),
        )
    )


def subject_of(article: Article) -> str:
    """Name an article as the log does."""
    return f"article {article.article_id}: {article.title}"[:SUBJECT_LENGTH]


def known_user_id(session: Session, by: Actor) -> int | None:
    """Return the actor's id, or None for one whose account was deleted meanwhile: the name is what stays."""
    if by.user_id is None:
        return None
    return session.scalar(select(User.id).where(User.id == by.user_id))
