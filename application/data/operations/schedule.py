"""Publishing what is due: each article once, however late, however many beats there are."""

from datetime import datetime

from application.data.data_access.schedule import find_due
from application.data.errors import NotFound
from application.data.models import SCHEDULED
from application.data.operations.articles import show
from application.data.operations.editing import at_desk
from application.data.records import Actor

SITE = Actor(None, "the site")


def publish_due(now: datetime) -> list[int]:
    """Publish what was scheduled for now or earlier, dated as it was scheduled; return the ids. May run twice."""
    return [article_id for article_id in find_due(now) if _publish(article_id, now)]


def _publish(article_id: int, now: datetime) -> bool:
    try:
        with at_desk(article_id, None, SITE) as desk:
            article = desk.article
            # Another run may have published it, or a person thought better of it, since the look from outside.
            if article.status != SCHEDULED or article.scheduled_for is None or article.scheduled_for > now:
                return False
            show(article, article.scheduled_for)
            desk.done("published", written=desk.written())
            return True
    except NotFound:
        return False
