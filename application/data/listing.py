"""Keeps `published_at` of by-lines and tags equal to their article's `listed_at`: the one place that writes it.

Core statements on these tables pass this by; whoever writes one sets the column too.
"""

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from application.data.models import Article
from application.data.touching import Link


def stamp_links(session: Session) -> None:
    """Stamp the links of every article that comes into lists, leaves them or moves, and every new link.

    Called before each flush.
    """
    for changed in [*session.new, *session.dirty]:
        if isinstance(changed, Article) and _may_have_moved(changed):
            links: list[Link] = [*changed.authorships, *changed.taggings]
            for link in links:
                _stamp(link, changed)
    for link in session.new:
        if isinstance(link, Link):
            _stamp(link, link.article or session.get(Article, link.article_id))


def _may_have_moved(article: Article) -> bool:
    state = inspect(article)
    return state.attrs.status.history.has_changes() or state.attrs.published_at.history.has_changes()


def _stamp(link: Link, article: Article | None) -> None:
    listed_at = None if article is None else article.listed_at
    if link.published_at != listed_at:
        link.published_at = listed_at
