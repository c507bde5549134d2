"""Accounts as Flask-Security's commands change them; it is they who commit."""

from functools import cache
from typing import Any

from flask_security import RoleMixin, SQLAlchemyUserDatastore, UserMixin
from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from application.data.data_access.sessions import OF_SESSION, session_bound_to
from application.data.models import Profile, User
from application.data.operations.account_life import note_account
from application.data.operations.registration import READER
from application.data.types import utc_now
from application.extensions import db
from application.utils.session_keys import SessionKey
from application.utils.user_names import fold_name


class Accounts(SQLAlchemyUserDatastore):
    """The accounts as the command line makes them: under the same rules as the form's, vouched for by the operator."""

    def create_user(self, **attributes: Any) -> UserMixin:
        """Make an account from checked attributes and a hashed password. Raises ValueError for a taken address."""
        if attributes.get("username"):
            attributes["username"] = fold_name(attributes["username"])
        if attributes.get("email") and self.find_user(email=attributes["email"]):
            raise ValueError("an account has this address already")
        attributes.setdefault("confirmed_at", utc_now())
        if self.find_role(READER) is not None:
            attributes.setdefault("roles", [READER])
        return super().create_user(**attributes)

    def find_signed_in(self, key: SessionKey) -> tuple[User, str] | None:
        """Return whose session this is, with the roles, and the name that they go by; one statement."""
        row = db.session.execute(_signed_in(), session_bound_to(key)).unique().one_or_none()
        return None if row is None else (row[0], row[1])

    def add_role_to_user(self, user: UserMixin, role: RoleMixin | str) -> bool:
        """Give a role, and note it."""
        return self._noted(super().add_role_to_user(user, role), "role given", user, role=_name(role))

    def remove_role_from_user(self, user: UserMixin, role: RoleMixin | str) -> bool:
        """Take a role, and note it."""
        return self._noted(super().remove_role_from_user(user, role), "role taken", user, role=_name(role))

    def activate_user(self, user: UserMixin) -> bool:
        """Open an account again, and note it."""
        return self._noted(super().activate_user(user), "account opened again", user)

    def deactivate_user(self, user: UserMixin) -> bool:
        """Close an account, and note it."""
        return self._noted(super().deactivate_user(user), "account closed", user)

    def reset_user_access(self, user: UserMixin) -> None:
        """End the sessions and take the second factor off, and note it."""
        super().reset_user_access(user)
        self._noted(True, "access reset", user)

    @staticmethod
    def _noted(done: bool, deed: str, user: Any, **details: str) -> bool:
        if done:
            note_account(deed, user.id, by_operator=True, **details)
        return done


@cache
def _signed_in() -> Select[User, str]:
    name = func.coalesce(Profile.display_name, User.username, User.email)
    theirs = select(User, name).outerjoin(Profile, Profile.user_id == User.id).where(OF_SESSION)
    return theirs.options(joinedload(User.roles))


def _name(role: RoleMixin | str) -> str:
    return role if isinstance(role, str) else role.name
