"""A reader's new account."""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from application.data.data_access import is_name_taken
from application.data.errors import NameTaken
from application.data.models import Role, User
from application.data.operations.accounts import ROLES
from application.data.operations.transaction import decided_by_constraints, transaction

READER = "reader"


@decided_by_constraints
def register_reader(email: str, username: str, password_hash: str, *, spends_name: bool) -> int | None:
    """Make an account and return its id; None when the address has one already. Raises `NameTaken`, `DatabaseBusy`.

    `spends_name` says that the name is taken afterwards in either case: whether it is would tell whether the
    address was known.
    """
    with transaction() as session:
        if is_name_taken(username):
            raise NameTaken(username)
        is_known = session.scalar(select(User.id).where(User.email == email)) is not None
        if is_known and not spends_name:
            return None
        user = _nobody(username) if is_known else _new(session, email, username, password_hash)
        session.add(user)
        session.flush()
        return None if is_known else user.id


def _new(session: Session, email: str, username: str, password_hash: str) -> User:
    return User(
        email=email,
        username=username,
        password=password_hash,
        active=True,
        fs_uniquifier=uuid.uuid4().hex,
        roles=[_reader(session)],
    )


def _nobody(username: str) -> User:
    """Make an account that holds a name, and that nobody can sign in to; no letter reaches `.invalid` (RFC 2606)."""
    key = uuid.uuid4().hex
    return User(email=f"{key}@name.invalid", username=username, password=None, active=False, fs_uniquifier=key)


def _reader(session: Session) -> Role:
    found = session.scalar(select(Role).where(Role.name == READER))
    return found or Role(name=READER, description=ROLES[READER])
