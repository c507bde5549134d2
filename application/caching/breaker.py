"""A circuit breaker: after a failure Redis is left alone for a moment, then tried by one caller."""

import logging
import threading
from collections.abc import Callable
from time import monotonic

logger = logging.getLogger(__name__)

PAUSE = 0.5


class Breaker:
    """Decide whether Redis may be asked; `recover` is called before it is trusted again.

    It starts untrusting, so that a new process first fires what an earlier one could not.
    """

    def __init__(self, recover: Callable[[], object], pause: float = PAUSE) -> None:
        self._recover = recover
        self._pause = pause
        self._closed = False
        self._failures = 0
        self._said = ""
        self._retry_at = 0.0
        self._lock = threading.Lock()
        self._recovering_in: int | None = None

    @property
    def is_closed(self) -> bool:
        """Tell whether calls flow."""
        return self._closed

    def trip(self) -> None:
        """Stop asking: a call has failed."""
        self._closed = False
        self._failures += 1
        self._retry_at = monotonic() + self._pause

    def allows(self) -> bool:
        """Tell whether to call; when the pause is over, one caller finds out."""
        if self._closed or self._recovering_in == threading.get_ident():
            return True
        if monotonic() < self._retry_at or not self._lock.acquire(blocking=False):
            return False
        self._recovering_in, failures = threading.get_ident(), self._failures
        try:
            self._recover()
            # A call that failed on the way has tripped the breaker once more.
            self._closed = self._failures == failures
            self._said = ""
        except Exception as error:  # noqa: BLE001 - whatever recovery met, the cache stays shut and readers get the database
            self._retry_at = monotonic() + self._pause
            self._say_once(error)
        finally:
            self._recovering_in = None
            self._lock.release()
        return self._closed

    def _say_once(self, error: Exception) -> None:
        """Log why the cache stays shut; recovery is tried twice a second, and says the same each time."""
        reason = f"{type(error).__name__}: {error}"
        if reason != self._said:
            self._said = reason
            logger.warning("The cache stays shut: %s", reason)
