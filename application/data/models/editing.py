"""What writers have that readers do not see: newer drafts, what was typed and not sent, every earlier save."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from application.data.models.lengths import (
    ADDRESS_LENGTH,
    FORM_KEY_LENGTH,
    LANGUAGE_LENGTH,
    SLUG_LENGTH,
    STANDFIRST_LENGTH,
    TITLE_LENGTH,
    USER_NAME_LENGTH,
    VISITOR_LENGTH,
)
from application.data.types import UTCDateTime, utc_now
from application.extensions import Base


class WorkingCopy(Base):
    """A newer draft of a published article; its version is the article's."""

    __tablename__ = "working_copies"

    article_id: Mapped[int] = mapped_column(
        ForeignKey("articles.article_id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now, onupdate=utc_now)
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    standfirst: Mapped[str] = mapped_column(String(STANDFIRST_LENGTH), default="")
    slug: Mapped[str | None] = mapped_column(String(SLUG_LENGTH))
    # Names of tags as they were typed, and user names of authors, in their order.
    tags: Mapped[list[str]] = mapped_column(JSON)
    authors: Mapped[list[str]] = mapped_column(JSON)
    canonical_url: Mapped[str] = mapped_column(String(ADDRESS_LENGTH), default="")
    language: Mapped[str] = mapped_column(String(LANGUAGE_LENGTH), default="en")
    direction: Mapped[str] = mapped_column(String(4), default="auto")
    content: Mapped[str] = mapped_column(Text)


class Autosave(Base):
    """What somebody typed into a form and has not sent yet; `form_key` tells their open forms apart."""

    __tablename__ = "autosaves"
    __table_args__ = (
        UniqueConstraint("user_id", "form_key"),
        # What somebody typed last into any form of an article.
        Index(None, "article_id", "user_id", "updated_at"),
    )

    autosave_id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    form_key: Mapped[str] = mapped_column(String(FORM_KEY_LENGTH))
    article_id: Mapped[int | None] = mapped_column(ForeignKey("articles.article_id", ondelete="CASCADE"))
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now, index=True)
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)


class SentForm(Base):
    """Which article a form became when it was sent first; `form_key` is the form's own, as in `Autosave`."""

    __tablename__ = "sent_forms"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    form_key: Mapped[str] = mapped_column(String(FORM_KEY_LENGTH), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.article_id", ondelete="CASCADE"), index=True)
    sent_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now, index=True)


class StrayWords(Base):
    """What somebody sent whose session was over; `holder` is the key that their browser holds.

    `network` is a keyed digest: it counts what came from where, and names nobody.
    """

    __tablename__ = "stray_words"
    __table_args__ = (UniqueConstraint("holder", "form_key"), Index(None, "network", "updated_at"))

    stray_id: Mapped[int] = mapped_column(primary_key=True)
    holder: Mapped[str] = mapped_column(String(VISITOR_LENGTH))
    form_key: Mapped[str] = mapped_column(String(FORM_KEY_LENGTH))
    network: Mapped[str] = mapped_column(String(VISITOR_LENGTH))
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now, index=True)
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)


class Revision(Base):
    """One save, whole; written once. The name stays when the account is gone."""

    __tablename__ = "revisions"
    __table_args__ = (UniqueConstraint("article_id", "number"),)

    revision_id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.article_id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column()
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    user_name: Mapped[str] = mapped_column(String(USER_NAME_LENGTH), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    deed: Mapped[str] = mapped_column(String(20))
    fields: Mapped[dict[str, Any]] = mapped_column(JSON, deferred=True)
