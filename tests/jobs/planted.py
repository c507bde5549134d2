"""The site's worker with jobs that go wrong on purpose: `celery --app tests.jobs.planted:celery worker`."""

import os
import signal
import time
from contextlib import suppress

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded

from application.data.errors import DatabaseBusy
from main import celery

__all__ = ["celery"]


@shared_task(name="planted_failure")
def planted_failure(article_id: int) -> None:
    """Fail at once."""
    raise LookupError(f"planted: article {article_id} is broken")


@shared_task(name="planted_busy", bind=True, autoretry_for=(DatabaseBusy,), default_retry_delay=30)
def planted_busy(self: object) -> None:
    """Be tried again in half a minute."""
    raise DatabaseBusy


@shared_task(name="planted_death", bind=True)
def planted_death(self: object) -> None:
    """Take the process along, the first time."""
    if not self.request.delivery_info["redelivered"]:  # type: ignore[attr-defined]
        os.kill(os.getpid(), signal.SIGKILL)


@shared_task(name="planted_sleep", soft_time_limit=1, time_limit=30)
def planted_sleep(seconds: float) -> None:
    """Take too long."""
    time.sleep(seconds)


@shared_task(name="planted_deafness", soft_time_limit=1, time_limit=2)
def planted_deafness() -> None:
    """Take too long, and hear of no limit but the last."""
    while True:
        with suppress(SoftTimeLimitExceeded):
            time.sleep(10)


@shared_task(name="planted_pause")
def planted_pause(seconds: float) -> None:
    """Be under way for a while."""
    time.sleep(seconds)
