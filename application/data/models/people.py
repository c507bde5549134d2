"""Accounts, and authors as readers know them."""

from datetime import datetime

from flask_security import AsaList, RoleMixin, UserMixin
from sqlalchemy import Column, ForeignKey, Index, String, Table, Text
from sqlalchemy.ext.mutable import MutableList
from sqlalchemy.orm import Mapped, mapped_column, relationship

from application.data.models.lengths import DISPLAY_NAME_LENGTH, USER_NAME_LENGTH
from application.data.types import UTCDateTime, utc_now
from application.extensions import Base
from application.utils import session_keys
from application.utils.session_keys import NAME_LENGTH

roles_users = Table(
    "roles_users",
    Base.metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "role_id"),
)


class Role(Base, RoleMixin):
    """What an account may do."""

    __tablename__ = "roles"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    description: Mapped[str | None] = mapped_column(String(255))
    permissions: Mapped[list[str] | None] = mapped_column(MutableList.as_mutable(AsaList()))
    update_datetime: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now, onupdate=utc_now)

    # A role is its name, as Flask-Security has it; without this a class with __eq__ alone cannot be in a set.
    __hash__ = RoleMixin.__hash__


class User(Base, UserMixin):
    """An account that can sign in. What readers see of a person is the profile."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    username: Mapped[str | None] = mapped_column(String(USER_NAME_LENGTH), unique=True)
    password: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # The second factor, as Flask-Security names its parts.
    tf_primary_method: Mapped[str | None] = mapped_column(String(64))
    tf_totp_secret: Mapped[str | None] = mapped_column(String(255))
    tf_phone_number: Mapped[str | None] = mapped_column(String(128))
    mf_recovery_codes: Mapped[list[str] | None] = mapped_column(MutableList.as_mutable(AsaList()))
    create_datetime: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    update_datetime: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now, onupdate=utc_now)

    # The base class says list[RoleMixin], and a list is invariant.
    roles: Mapped[list[Role]] = relationship(secondary=roles_users)  # type: ignore[assignment]

    def new_session_key(self) -> str:
        """Return what a session that begins now carries of its account."""
        return session_keys.write(self.fs_uniquifier)


class EndedSession(Base):
    """A session that somebody signed out of, kept for as long as a copy of it could be shown."""

    __tablename__ = "ended_sessions"

    name: Mapped[str] = mapped_column(String(NAME_LENGTH), primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now, index=True)


class Profile(Base):
    """An author as readers know them; imported ones have no account until an administrator links one."""

    __tablename__ = "profiles"

    profile_id: Mapped[int] = mapped_column(primary_key=True)
    user_name: Mapped[str] = mapped_column(String(USER_NAME_LENGTH), unique=True)
    display_name: Mapped[str] = mapped_column(String(DISPLAY_NAME_LENGTH))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), unique=True)
    biography: Mapped[str] = mapped_column(Text, default="")
