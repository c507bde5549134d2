"""What the site keeps for itself: what readers wrote to it, who did what, and what the caches must still hear."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from application.data.models.lengths import EMAIL_LENGTH, SENDER_LENGTH, SUBJECT_LENGTH, USER_NAME_LENGTH
from application.data.types import UTCDateTime, utc_now
from application.extensions import Base


class AuditEntry(Base):
    """Who did what, when; written once, never changed. The name stays when the account is gone."""

    __tablename__ = "audit_log"
    __table_args__ = (Index(None, "at", "entry_id"),)

    entry_id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    user_name: Mapped[str] = mapped_column(String(USER_NAME_LENGTH), default="")
    deed: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(SUBJECT_LENGTH))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)


class Feedback(Base):
    """A message of a reader to the site."""

    __tablename__ = "feedback"
    __table_args__ = (Index(None, "done_at", "feedback_id"),)

    feedback_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(SENDER_LENGTH))
    email: Mapped[str] = mapped_column(String(EMAIL_LENGTH))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    done_by: Mapped[str | None] = mapped_column(String(USER_NAME_LENGTH))
    message: Mapped[str] = mapped_column(Text)


class InvalidationOutbox(Base):
    """What a committed write still has to tell the caches."""

    __tablename__ = "invalidation_outbox"

    outbox_id: Mapped[int] = mapped_column(primary_key=True)
    tags: Mapped[list[Any]] = mapped_column(JSON)
    kind: Mapped[str] = mapped_column(String(12), default="changed")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
