"""Articles, who wrote them, what they are about, where they used to be and who likes them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from application.data.models.lengths import (
    ADDRESS_LENGTH,
    DRAFT,
    LANGUAGE_LENGTH,
    PUBLISHED,
    SLUG_LENGTH,
    STANDFIRST_LENGTH,
    TAG_LENGTH,
    TITLE_LENGTH,
    VISITOR_LENGTH,
)
from application.data.models.people import Profile
from application.data.types import UTCDateTime, utc_now
from application.extensions import Base

_IS_SCHEDULED = text("scheduled_for IS NOT NULL")


class Article(Base):
    """One article. The large columns stand last, so that a list never reads past the small ones."""

    __tablename__ = "articles"
    __table_args__ = (
        CheckConstraint("status IN ('draft', 'scheduled', 'published', 'unpublished', 'binned')", name="status"),
        CheckConstraint("status <> 'published' OR published_at IS NOT NULL", name="published_at"),
        CheckConstraint("status <> 'scheduled' OR scheduled_for IS NOT NULL", name="scheduled_for"),
        CheckConstraint("status <> 'binned' OR binned_at IS NOT NULL", name="binned_at"),
        CheckConstraint("direction IN ('ltr', 'rtl', 'auto')", name="direction"),
        UniqueConstraint("source_name", "source_path"),
        # Read backwards for "newest first": one plain index serves both databases.
        Index(None, "status", "published_at", "article_id"),
        Index(None, "status", "article_id"),
        # What is due, of the few that wait for a time; and what has lain in the bin for long.
        Index(None, "scheduled_for", sqlite_where=_IS_SCHEDULED, postgresql_where=_IS_SCHEDULED),
        Index(None, "status", "binned_at"),
        # The desk: everything, or all in one state, lately saved first.
        Index(None, "saved_at", "article_id"),
        Index(None, "status", "saved_at", "article_id"),
    )

    article_id: Mapped[int] = mapped_column(primary_key=True)
    # The three with an active history: which lists an article leaves is told by what they were before.
    slug: Mapped[str] = mapped_column(String(SLUG_LENGTH), unique=True, active_history=True)
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    standfirst: Mapped[str] = mapped_column(String(STANDFIRST_LENGTH), default="")
    status: Mapped[str] = mapped_column(String(12), default=DRAFT, active_history=True)
    # Kept when an article is unpublished, so that it returns to its place.
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime, active_history=True)
    # When what readers do not see yet is published: the article, or its newer draft if it is published already.
    scheduled_for: Mapped[datetime | None] = mapped_column(UTCDateTime)
    binned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    binned_from: Mapped[str | None] = mapped_column(String(12))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    # When readers last got another text, and when anybody last saved anything, a newer draft included.
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    saved_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    reading_minutes: Mapped[int] = mapped_column(default=1)
    like_count: Mapped[int] = mapped_column(default=0)
    language: Mapped[str] = mapped_column(String(LANGUAGE_LENGTH), default="en")
    direction: Mapped[str] = mapped_column(String(4), default="auto")
    canonical_url: Mapped[str] = mapped_column(String(ADDRESS_LENGTH), default="")
    version: Mapped[int] = mapped_column()
    source_name: Mapped[str | None] = mapped_column(String(100))
    source_path: Mapped[str | None] = mapped_column(String(500))
    source_hash: Mapped[str | None] = mapped_column(String(64))
    edited_here: Mapped[bool] = mapped_column(default=False)
    content: Mapped[str] = mapped_column(Text, deferred=True)
    html: Mapped[str] = mapped_column(Text, deferred=True)

    authorships: Mapped[list["ArticleAuthor"]] = relationship(
        back_populates="article",
        order_by="ArticleAuthor.position",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )
    taggings: Mapped[list["ArticleTag"]] = relationship(
        back_populates="article",
        order_by="ArticleTag.tag_id",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy declares it for instances

    @property
    def listed_at(self) -> datetime | None:
        """Return when it was published, or None while it may not be listed."""
        return self.published_at if self.status == PUBLISHED else None


class ArticleAuthor(Base):
    """A by-line. `published_at` copies the article's `listed_at`, so that an author's page reads one index."""

    __tablename__ = "article_authors"
    __table_args__ = (Index(None, "profile_id", "published_at", "article_id"),)

    article_id: Mapped[int] = mapped_column(ForeignKey("articles.article_id", ondelete="CASCADE"), primary_key=True)
    profile_id: Mapped[int] = mapped_column(ForeignKey("profiles.profile_id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(default=0)
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    article: Mapped[Article] = relationship(back_populates="authorships")
    profile: Mapped[Profile] = relationship()


class Tag(Base):
    """A subject that articles share."""

    __tablename__ = "tags"

    tag_id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(TAG_LENGTH), unique=True)
    name: Mapped[str] = mapped_column(String(TAG_LENGTH))


class ArticleTag(Base):
    """An article's tag; `published_at` as in `ArticleAuthor`."""

    __tablename__ = "article_tags"
    __table_args__ = (Index(None, "tag_id", "published_at", "article_id"),)

    article_id: Mapped[int] = mapped_column(ForeignKey("articles.article_id", ondelete="CASCADE"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.tag_id", ondelete="CASCADE"), primary_key=True)
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    article: Mapped[Article] = relationship(back_populates="taggings")
    tag: Mapped[Tag] = relationship()


class OldAddress(Base):
    """Where an article used to be: a path with its leading slash, without a trailing one, folded."""

    __tablename__ = "old_addresses"

    old_address_id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(ADDRESS_LENGTH), unique=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.article_id", ondelete="CASCADE"), index=True)


class ArticleLike(Base):
    """One like, by an account or by a visitor's cookie, never by both."""

    __tablename__ = "article_likes"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (visitor_id IS NULL)", name="one_reader"),
        UniqueConstraint("article_id", "user_id"),
        UniqueConstraint("article_id", "visitor_id"),
    )

    like_id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.article_id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    visitor_id: Mapped[str | None] = mapped_column(String(VISITOR_LENGTH), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
