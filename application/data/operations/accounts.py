"""Writes to accounts and roles that are made by the site's operator, not by a form."""

import secrets

from sqlalchemy import select

from application.data.models import Profile, Role, User
from application.data.types import utc_now
from application.extensions import db

ADMINISTRATOR = "administrator"
ROLES = {
    "reader": "Reads and likes.",
    "author": "Writes articles and edits their own.",
    "editor": "Edits and publishes every article.",
    ADMINISTRATOR: "Does everything, and says who may do what.",
}


def ensure_roles() -> None:
    """Make the roles that are missing."""
    known = set(db.session.scalars(select(Role.name)))
    db.session.add_all(Role(name=name, description=text) for name, text in ROLES.items() if name not in known)
    db.session.commit()


def create_administrator(email: str, password_hash: str, wished_name: str) -> int:
    """Make an account that may do everything, and return its id; it goes without its name when somebody has that."""
    roles = db.session.scalars(select(Role).where(Role.name.in_(ROLES))).all()
    user = User(
        email=email,
        username=None if _is_somebodys(wished_name) else wished_name,
        password=password_hash,
        active=True,
        confirmed_at=utc_now(),
        fs_uniquifier=secrets.token_hex(32),
        roles=list(roles),
    )
    db.session.add(user)
    db.session.commit()
    return user.id


def _is_somebodys(name: str) -> bool:
    account = select(User.id).where(User.username == name)
    author = select(Profile.profile_id).where(Profile.user_name == name)
    return db.session.scalar(account) is not None or db.session.scalar(author) is not None
