"""Where articles used to be."""

from urllib.parse import quote

from sqlalchemy import select

from application.config import ARTICLE_TTL
from application.data import tags
from application.data.models import PUBLISHED, Article, OldAddress
from application.extensions import cache, db
from application.measuring.timing import timed


@cache.memoize(ARTICLE_TTL)
@timed("find_old_address")
def find_old_address(path: str) -> str | None:
    """Return the path at which the article that was at this folded path is today, if it is published."""
    statement = (
        select(Article.article_id, Article.slug, Article.status)
        .join(OldAddress, OldAddress.article_id == Article.article_id)
        .where(OldAddress.address == path)
    )
    row = db.session.execute(statement).one_or_none()
    cache.depends_on(tags.old_address(path))
    if row is None:
        return None
    cache.depends_on(tags.card(row.article_id))
    return f"/articles/{quote(row.slug)}" if row.status == PUBLISHED else None


@timed("find_moved")
def find_moved(path: str) -> int | None:
    """Return the article that was at this folded path once, whatever its status; never cached."""
    return db.session.scalar(select(OldAddress.article_id).where(OldAddress.address == path))
