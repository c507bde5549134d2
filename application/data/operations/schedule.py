"""Publishing what is due: each article or newer draft once, however late, however many beats there are."""

import logging
from contextlib import suppress
from datetime import datetime

from application.data.data_access.schedule import find_due
from application.data.errors import DatabaseBusy, EditConflict, Invalid, NotFound
from application.data.models import PUBLISHED, SCHEDULED, Article
from application.data.operations.article_fields import Fields
from application.data.operations.articles import show, take_off_schedule, wanted_by
from application.data.operations.editing import Desk, at_desk, is_public, peek
from application.data.operations.surroundings import Wanted
from application.data.operations.transaction import TRIES, decided_by_constraints
from application.data.records import Actor

SITE = Actor(None, "the site")
MOST_BUSY = 3
"""Articles for whose turn is waited in vain in one run: then it is not their rows, and the next run comes soon."""
logger = logging.getLogger(__name__)


def publish_due(now: datetime) -> list[int]:
    """Publish what was scheduled for now or earlier, dated as it was scheduled; return the ids. May run twice.

    An article that fails keeps no other from appearing. Raises `DatabaseBusy` afterwards, for those that it held up.
    """
    published: list[int] = []
    busy: list[DatabaseBusy] = []
    for article_id in find_due(now):
        try:
            if _publish(article_id, now):
                published.append(article_id)
        except DatabaseBusy as error:
            busy.append(error)
            if len(busy) == MOST_BUSY:
                break
        except Exception:
            logger.exception("article %d could not be published at its time; it is tried again", article_id)
    if busy:
        raise busy[0]
    return published


def _publish(article_id: int, now: datetime) -> bool:
    for _ in range(TRIES):
        try:
            return _publish_as_seen(article_id, now)
        except EditConflict:
            # Somebody saved while the newer draft was rendered: theirs is what was meant to appear.
            continue
        except NotFound:
            return False
        except Invalid as error:
            _take_off(article_id, now, error)
            return False
    # The next beat finds it again.
    return False


@decided_by_constraints
def _publish_as_seen(article_id: int, now: datetime) -> bool:
    seen, fields = peek(article_id, None, SITE)
    with at_desk(article_id, seen, SITE, wanted=wanted_by(fields) if fields else Wanted()) as desk:
        # Another run may have published it, or a person thought better of it, since the look from outside.
        if not _is_due(desk.article, now):
            return False
        written = desk.written()
        _show(desk, fields)
        desk.done("published", written=written)
        return True


def _show(desk: Desk, fields: Fields | None) -> None:
    article, at = desk.article, desk.article.scheduled_for
    if at is None:
        return
    changed_before = article.updated_at
    if fields is not None:
        desk.apply(fields)
    if is_public(article):
        article.updated_at = max(changed_before, at)
        article.scheduled_for = None
    else:
        show(article, at)


def _take_off(article_id: int, now: datetime, error: Invalid) -> None:
    """Give up on a newer draft that cannot be published any more, so that its authors find it and hear why."""
    problem = " ".join(error.problems.values())
    logger.warning("article %d could not be published at its time: %s", article_id, problem)
    with suppress(NotFound), at_desk(article_id, None, SITE) as desk:
        if _is_due(desk.article, now):
            take_off_schedule(desk.article)
            desk.done("not published", written=desk.written(), problem=problem)


def _is_due(article: Article, now: datetime) -> bool:
    return (
        article.status in {SCHEDULED, PUBLISHED} and article.scheduled_for is not None and article.scheduled_for <= now
    )
