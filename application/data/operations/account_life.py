"""What becomes of an account after it was opened: its sessions end, it is stored, it goes."""

import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from application.data.data_access.accounts import administrators
from application.data.errors import Invalid, NotFound
from application.data.models import (
    VISITOR_LENGTH,
    ArticleLike,
    AuditEntry,
    Feedback,
    Profile,
    Revision,
    User,
)
from application.data.operations.audit import note, record
from application.data.operations.transaction import transaction
from application.data.records import Actor
from application.extensions import db

NOBODY = Actor(None, "deleted account")
OPERATOR = Actor(None, "command line")
LAST_ADMINISTRATOR = "This is the only administrator’s account. Make somebody else an administrator first."


@contextmanager
def stored() -> Iterator[None]:
    """Commit what Flask-Security changes in accounts within the block. Raises `NotFound` for one deleted meanwhile."""
    try:
        yield
        db.session.commit()
    except StaleDataError as error:
        db.session.rollback()
        raise NotFound from error


def end_sessions(user_id: int) -> None:
    """Make every session, remembered device and token of an account worthless. Raises `NotFound`."""
    with transaction() as session:
        user = session.get(User, user_id, populate_existing=True)
        if user is None:
            raise NotFound
        user.fs_uniquifier = uuid.uuid4().hex
        note(session, "sessions ended", _subject(user_id), _actor(user))


def delete_account(user_id: int) -> None:
    """Delete an account with all that names its person. Raises `NotFound`, `Invalid`, `DatabaseBusy`.

    Likes stay, each as an unknown visitor's; an author's profile and articles stay, linked to nobody; what was
    done stays in the audit log and the revisions, done by a deleted account.
    """
    with transaction() as session:
        user = session.get(User, user_id, populate_existing=True)
        if user is None:
            raise NotFound
        if _is_only_administrator(session, user_id):
            raise Invalid({"password": LAST_ADMINISTRATOR})
        _give_likes_to_visitors(session, user_id)
        _take_name_out(session, user)
        note(session, "account deleted", _subject(user_id), NOBODY)
        session.flush()
        session.expunge(user)
        session.execute(update(Profile).where(Profile.user_id == user_id).values(user_id=None))
        session.execute(delete(User).where(User.id == user_id))


def note_account(deed: str, user_id: int, *, by_operator: bool = False, **details: str) -> None:
    """Write into the audit log what happened to an account; it is committed with the deed itself."""
    user = None if by_operator else db.session.get(User, user_id)
    record(deed, _subject(user_id), OPERATOR if user is None else _actor(user), **details)


def note_look(user_id: int, by: Actor, address: str) -> None:
    """Write into the audit log that an operator looks at a page as this account sees it. Raises `DatabaseBusy`."""
    record("looked at a page as", _subject(user_id), by, address=address)


def _give_likes_to_visitors(session: Session, user_id: int) -> None:
    """Make each like a different visitor's: one made-up visitor for all would still be this one reader."""
    theirs = session.scalars(select(ArticleLike.like_id).where(ArticleLike.user_id == user_id)).all()
    if theirs:
        changed = [
            {"like_id": like_id, "user_id": None, "visitor_id": secrets.token_hex(VISITOR_LENGTH // 2)}
            for like_id in theirs
        ]
        session.execute(update(ArticleLike), changed)


def _take_name_out(session: Session, user: User) -> None:
    nobody = NOBODY.name
    names = [name for name in (user.username, user.email) if name]
    for table in (AuditEntry, Revision):
        named = and_(table.user_id.is_(None), table.user_name.in_(names))
        mine = update(table).where(or_(table.user_id == user.id, named))
        session.execute(mine.values(user_id=None, user_name=nobody), execution_options=_UNSEEN)
    done = update(Feedback).where(Feedback.done_by.in_(names))
    session.execute(done.values(done_by=nobody), execution_options=_UNSEEN)
    if user.confirmed_at is None:
        # Anybody can open an account with an address that is not theirs.
        return
    written = update(Feedback).where(func.lower(Feedback.email) == user.email)
    session.execute(written.values(name=nobody, email=""), execution_options=_UNSEEN)


_UNSEEN = {"synchronize_session": False}
"""Nothing of these tables is held by the session."""


def _is_only_administrator(session: Session, user_id: int) -> bool:
    mine = administrators().where(User.id == user_id)
    others = administrators().where(User.id != user_id, User.active)
    return bool(session.scalar(select(exists(mine) & ~exists(others))))


def _subject(user_id: int) -> str:
    # The number, not the name: entries stay when the person is gone.
    return f"account {user_id}"


def _actor(user: User) -> Actor:
    return Actor(user.id, user.username or user.email)
