"""A reader's new account."""

import uuid

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from application.data.errors import NameTaken
from application.data.models import Profile, Role, User
from application.extensions import db

READER = "reader"


def register_reader(email: str, username: str, password_hash: str) -> int | None:
    """Make an account and return its id; None when the address has one already. Raises `NameTaken`."""
    if _has_account(email):
        return None
    if is_name_taken(username):
        raise NameTaken(username)
    user = User(
        email=email,
        username=username,
        password=password_hash,
        active=True,
        fs_uniquifier=uuid.uuid4().hex,
        roles=[db.session.scalar(select(Role).where(Role.name == READER)) or Role(name=READER)],
    )
    db.session.add(user)
    try:
        db.session.commit()
    except IntegrityError as error:
        # Two people registered at the same moment; the database decided.
        db.session.rollback()
        if _has_account(email):
            return None
        raise NameTaken(username) from error
    return user.id


def is_name_taken(username: str) -> bool:
    """Tell whether an account or an author, imported ones too, has this folded name."""
    account = select(User.id).where(User.username == username)
    author = select(Profile.profile_id).where(Profile.user_name == username)
    return db.session.scalar(account) is not None or db.session.scalar(author) is not None


def _has_account(email: str) -> bool:
    return db.session.scalar(select(User.id).where(User.email == email)) is not None
