"""The jobs: each gets ids, calls data, then tells the world. Every one may run twice."""

import time

from celery import shared_task
from flask import current_app

from application.caching import PAGES, PageCache, improve, keep_warm, refill_cold
from application.config import Settings
from application.data import invalidation
from application.data.data_access import find_miscounted
from application.data.errors import DatabaseBusy
from application.data.operations import autosaves, schedule, sent_forms, sessions, stray_words
from application.data.operations import bin as the_bin
from application.data.types import utc_now
from application.jobs import long_jobs
from application.jobs.pace import Pace
from application.jobs.presence import Presence
from application.jobs.recounting import recount

RECONCILE_AT_ONCE = 200
FRONT = ("view//",)
"""The pages that are kept warm whether somebody asks for them or not."""
HEARTBEAT_KEY = "broadsheet:beat"
HEARTBEAT_TTL = 120


@shared_task(name="calculate_aggregate_likes", autoretry_for=(DatabaseBusy,), default_retry_delay=1)  # type: ignore[untyped-decorator]  # celery ships no types
def calculate_aggregate_likes(article_id: int) -> int | None:
    """Recount an article's likes from the rows, at most once a second over all processes; tell open pages."""
    pace = _pace()
    wait = pace.claim(article_id)
    if wait is None:
        return recount(article_id)
    if wait > 0:
        calculate_aggregate_likes.apply_async((article_id,), countdown=wait, ignore_result=True)
    return None


@shared_task(name="reconcile_likes")  # type: ignore[untyped-decorator]  # celery ships no types
def reconcile_likes() -> int:
    """Make right the counts that a lost job left wrong."""
    wrong = find_miscounted(RECONCILE_AT_ONCE)
    # What was recounted within the last second has a job under way, or is found again by the next run.
    return sum(recount(article_id) is not None for article_id in wrong if _pace().claim(article_id) is None)


@shared_task(name="sweep_outbox")  # type: ignore[untyped-decorator]  # celery ships no types
def sweep_outbox() -> int:
    """Tell the caches what an earlier commit could not."""
    return invalidation.sweep_outbox()


@shared_task(name="refill_pages")  # type: ignore[untyped-decorator]  # celery ships no types
def refill_pages() -> int:
    """Make hot pages again that a change has forgotten, before somebody asks."""
    return refill_cold(_pages())


@shared_task(name="keep_pages_warm")  # type: ignore[untyped-decorator]  # celery ships no types
def keep_pages_warm() -> None:
    """Make the front page and the hottest pages anew before their readers have to wait."""
    keep_warm(_pages(), FRONT)


@shared_task(name="improve_page")  # type: ignore[untyped-decorator]  # celery ships no types
def improve_page(key: str) -> None:
    """Compress a stored page as well as can be."""
    if (backend := _pages().backend) is not None:
        improve(backend, key)


@shared_task(name="heartbeat")  # type: ignore[untyped-decorator]  # celery ships no types
def heartbeat() -> None:
    """Show that beat, broker and worker do their work together; forget the workers of yesterday."""
    redis = _pace().redis
    redis.set(HEARTBEAT_KEY, int(time.time()), ex=HEARTBEAT_TTL)
    Presence(redis).tidy()


@shared_task(name="publish_due_articles", autoretry_for=(DatabaseBusy,), default_retry_delay=1)  # type: ignore[untyped-decorator]  # celery ships no types
def publish_due_articles() -> list[int]:
    """Publish the articles whose time has come, also those whose time came while nobody looked."""
    return schedule.publish_due(utc_now())


@shared_task(name="empty_bin")  # type: ignore[untyped-decorator]  # celery ships no types
def empty_bin() -> int:
    """Delete for good what has lain in the bin for thirty days."""
    return the_bin.empty_bin(utc_now())


@shared_task(name="purge_autosaves")  # type: ignore[untyped-decorator]  # celery ships no types
def purge_autosaves() -> int:
    """Delete what somebody typed or sent and did not come back for, and forget forms that were sent long ago."""
    now = utc_now()
    return autosaves.purge(now) + sent_forms.purge(now) + stray_words.purge(now)


@shared_task(name="purge_sessions")  # type: ignore[untyped-decorator]  # celery ships no types
def purge_sessions() -> int:
    """Forget the ended sessions that nobody could show any more."""
    return sessions.purge(utc_now())


@shared_task(name="go_on")  # type: ignore[untyped-decorator]  # celery ships no types
def go_on(run_id: str, step: int) -> None:
    """Take the next step of a long job, and send the one after it."""
    following = long_jobs.go_on(run_id, step)
    if following is None:
        return
    go_on.apply_async((run_id, following.step), countdown=following.wait or None, ignore_result=True)
    if following.error is not None:
        raise following.error


@shared_task(name="find_lost_runs")  # type: ignore[untyped-decorator]  # celery ships no types
def find_lost_runs() -> int:
    """Send the steps of long jobs again that nobody seems to work at."""
    lost = long_jobs.runs().lost()
    for run in lost:
        go_on.apply_async((run.id, run.step), ignore_result=True)
    return len(lost)


def _pages() -> PageCache:
    pages: PageCache = current_app.extensions[PAGES]
    return pages


def _pace() -> Pace:
    settings: Settings = current_app.config["SETTINGS"]
    return Pace(settings.broker_url)
