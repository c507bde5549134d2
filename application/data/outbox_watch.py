"""Every web worker looks into the outbox twice a second, so that no change waits longer for its telling.

A writer tells the caches itself. One that died between its commit and that, or that cannot reach a Redis which others
reach, is stood in for by whoever looks first.
"""

import logging
import random
import threading
import time

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from application.data.errors import DatabaseBusy
from application.data.invalidation import sweep_outbox
from application.extensions import cache

WATCH_EVERY = 0.5
"""Seconds between two looks: with the telling itself, a change is told within one second (promise 2)."""

logger = logging.getLogger(__name__)


def watch_outbox(app: Flask) -> None:
    """Begin to watch, for as long as the process lives."""
    threading.Thread(target=_watch, args=(app,), name="outbox-watch", daemon=True).start()


def _watch(app: Flask) -> None:
    quiet = False
    while True:
        # The random part keeps the workers out of step.
        time.sleep(WATCH_EVERY * random.uniform(0.6, 1.0))  # noqa: S311 - nothing secret
        try:
            with app.app_context():
                _look()
            quiet = False
        except (DatabaseBusy, SQLAlchemyError) as error:
            if not quiet:
                logger.warning("the outbox cannot be read: %s", error)
            quiet = True


def _look() -> None:
    # A cache that is shut is swept before it opens again; until then there is nobody to tell.
    if cache.is_ready() and (swept := sweep_outbox()):
        logger.info("told %d changes that their writers had not", swept)
