"""Reads of tags."""

from sqlalchemy import select

from application.config import TAG_TTL
from application.data import tags
from application.data.models import Tag
from application.data.records import TagRecord
from application.extensions import cache, db
from application.measuring.timing import timed


@cache.memoize(TAG_TTL)
@timed("get_tag")
def get_tag(slug: str) -> TagRecord | None:
    """Return a tag by its slug."""
    cache.depends_on(tags.tag_slug(slug))
    row = db.session.execute(select(Tag.tag_id, Tag.slug, Tag.name).where(Tag.slug == slug)).one_or_none()
    return None if row is None else TagRecord(row.tag_id, row.slug, row.name)
