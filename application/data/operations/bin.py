"""The bin: what lies in it nobody sees, its address stays taken, and after thirty days it is gone for good."""

from datetime import datetime, timedelta

from sqlalchemy import select

from application.data.data_access.schedule import find_forgotten
from application.data.models import BINNED, DRAFT, PUBLISHED, SCHEDULED, UNPUBLISHED, Article
from application.data.operations.audit import note, subject_of
from application.data.operations.editing import at_desk
from application.data.operations.transaction import decided_by_constraints, transaction
from application.data.records import Actor, Saved
from application.data.types import utc_now

KEPT = timedelta(days=30)
SITE = Actor(None, "the site")


@decided_by_constraints
def bin_article(slug: str, by: Actor, version: int | None = None) -> Saved:
    """Put an article into the bin, out of everybody's sight. Raises `NotFound`, `EditConflict`, `DatabaseBusy`."""
    with at_desk(slug, version, by) as desk:
        article = desk.article
        article.binned_from, article.binned_at = article.status, utc_now()
        article.status = BINNED
        return desk.done("binned")


@decided_by_constraints
def take_from_bin(slug: str, by: Actor) -> Saved:
    """Give an article back to where it came from; what should have appeared meanwhile is not published by that.

    Raises `NotFound`, `DatabaseBusy`.
    """
    with at_desk(slug, None, by, binned=True) as desk:
        article = desk.article
        if article.scheduled_for is not None and article.scheduled_for <= utc_now():
            article.scheduled_for = None
        article.status = _state_before(article)
        article.binned_at = article.binned_from = None
        return desk.done("taken from the bin")


def empty_bin(now: datetime) -> int:
    """Delete for good what has lain in the bin for thirty days, and return how much; its addresses are free again."""
    article_ids = find_forgotten(now - KEPT)
    return sum(_delete(article_id, now - KEPT) for article_id in article_ids)


def _delete(article_id: int, before: datetime) -> bool:
    with transaction() as session:
        article = session.scalar(
            select(Article)
            .where(Article.article_id == article_id, Article.status == BINNED, Article.binned_at <= before)
            .with_for_update()
        )
        if article is None:
            return False
        note(session, "deleted for good", subject_of(article), SITE, slug=article.slug)
        session.delete(article)
        return True


def _state_before(article: Article) -> str:
    if article.binned_from == SCHEDULED and article.scheduled_for is not None:
        return SCHEDULED
    if article.binned_from == PUBLISHED:
        return PUBLISHED
    return DRAFT if article.published_at is None else UNPUBLISHED
