"""The end of an import: no cache may be left that does not know of it, without a word."""

import logging
from time import sleep

from sqlalchemy.exc import SQLAlchemyError

from application.data.data_access.imports import has_untold_changes
from application.data.errors import DatabaseBusy
from application.data.invalidation import sweep_outbox

PAUSES = (0.0, 0.5, 1.0, 2.0)
"""Seconds before each try; a Redis that was busy answers again within them."""

logger = logging.getLogger(__name__)


def tell_caches() -> bool:
    """Tell the caches what they could not be told during an import; False when something is left for the sweep."""
    return any(_tried_after(pause) for pause in PAUSES)


def _tried_after(pause: float) -> bool:
    sleep(pause)
    try:
        sweep_outbox()
        return not has_untold_changes()
    except (DatabaseBusy, SQLAlchemyError) as error:
        logger.info("the outbox could not be swept: %s", error)
        return False
