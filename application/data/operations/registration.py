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
def register_reader(email: str, username: str, password_hash: str) -> int | None:
    """Make an account and return its id; None when the address has one already. Raises `NameTaken`, `DatabaseBusy`."""
    with transaction() as session:
        if session.scalar(select(User.id).where(User.email == email)) is not None:
            return None
        if is_name_taken(username):
            raise NameTaken(username)
        user = User(
            email=email,
            username=username,
            password=password_hash,
            active=True,
            fs_uniquifier=uuid.uuid4().hex,
            roles=[_reader(session)],
        )
        session.add(user)
        session.flush()
        return user.id


def _reader(session: Session) -> Role:
    found = session.scalar(select(Role).where(Role.name == READER))
    return found or Role(name=READER, description=ROLES[READER])
