"""Reads of tags."""

from sqlalchemy import exists, select

from application.config import TAG_TTL
from application.data import tags
from application.data.database import read
from application.data.models import ArticleTag, Tag
from application.data.records import TagRecord
from application.extensions import cache
from application.measuring.timing import timed


@cache.memoize(TAG_TTL)
@timed("get_tag")
def get_tag(slug: str) -> TagRecord | None:
    """Return a tag by its slug, once an article that readers see carries it: a draft's tags are its own affair."""
    shown = exists().where(ArticleTag.tag_id == Tag.tag_id, ArticleTag.published_at.is_not(None))
    statement = select(Tag.tag_id, Tag.slug, Tag.name, shown.label("is_shown")).where(Tag.slug == slug)
    cache.depends_on(tags.tag_slug(slug))
    row = read(statement).one_or_none()
    if row is None:
        return None
    cache.depends_on(tags.tag_list(row.tag_id))
    return TagRecord(row.tag_id, row.slug, row.name) if row.is_shown else None


@timed("find_newest_tag")
def find_newest_tag() -> str | None:
    """Return the slug of a tag of the newest article that has one and that readers see."""
    shown = select(Tag.slug).join(ArticleTag).where(ArticleTag.published_at.is_not(None))
    return read(shown.order_by(ArticleTag.published_at.desc(), Tag.slug).limit(1)).scalar()
