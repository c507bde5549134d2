"""At most one recount of an article a second, over all processes, and always one after the last like."""

import logging
from typing import cast

from redis import RedisError

from application.jobs.connecting import connect

logger = logging.getLogger(__name__)

INTERVAL_MS = 1000
AGAIN_TTL_MS = 5000
"""How long a promised run is believed in; a promise that nobody keeps must not stop counting."""
RUNS_KEY = "broadsheet:stats:recounts"


class Pace:
    """Who may recount now. Without Redis everybody may: counting twice is right, only more work."""

    def __init__(self, url: str) -> None:
        self.redis = connect(url)

    def claim(self, article_id: int) -> float | None:
        """Return None to recount now, 0 when a later run is promised already, else the seconds to run again in."""
        turn, again = f"broadsheet:recount:{article_id}", f"broadsheet:recount:{article_id}:again"
        try:
            if self.redis.set(turn, 1, nx=True, px=INTERVAL_MS):
                self._take(again)
                return None
            if not self.redis.set(again, 1, nx=True, px=AGAIN_TTL_MS):
                return 0
            return max(cast("int", self.redis.pttl(turn)), 0) / 1000 + 0.02
        except RedisError as error:
            logger.warning("recounting article %d without regard to the pace: %s", article_id, error)
            return None

    def _take(self, again: str) -> None:
        # The promise is taken back before the rows are read: a like that arrives later finds none and makes its own.
        with self.redis.pipeline(transaction=False) as pipe:
            pipe.delete(again)
            pipe.incr(RUNS_KEY)
            pipe.execute()
