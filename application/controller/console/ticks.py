"""The beat by which pages of the console bring themselves up to date."""

import time
from collections.abc import Iterator
from threading import BoundedSemaphore

from flask import Response

from application.controller.console.frame import blueprint, operators_only
from application.controller.live import HEADERS

EVERY = 2.0
"""Seconds between two ticks: the workers tell their figures once a second."""
LASTS = 60.0
"""Seconds until a browser has to ask anew, and is looked at again: its session may have ended, its role been taken."""
AT_ONCE = 16
"""Pages of the console that tick, in each worker. The others are brought up to date by reloading."""
TICK = b"event: tick\ndata:\n\n"

_places = BoundedSemaphore(AT_ONCE)


@blueprint.get("/ticks")
@operators_only
def ticks() -> Response:
    """Tell a page of the console every two seconds to look again; 503 when too many are open."""
    if not _places.acquire(blocking=False):
        text = "Too many pages of the console are open.\n"
        return Response(text, 503, {**HEADERS, "Retry-After": "60"}, content_type="text/plain; charset=utf-8")
    # Passed through as it is: the server closes it, and nothing of the request lives as long as the stream.
    return Response(Ticks(), content_type="text/event-stream; charset=utf-8", headers=HEADERS, direct_passthrough=True)


class Ticks:
    """One page's ticks, and the place that it holds until it is closed."""

    def __init__(self) -> None:
        self._ends: float | None = None
        self._is_open = True

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Wait for the next tick; the first answer comes at once, and says how soon to come back."""
        if self._ends is None:
            self._ends = time.monotonic() + LASTS
            return f"retry: {EVERY * 1000:.0f}\n\n".encode()
        if time.monotonic() >= self._ends:
            raise StopIteration
        time.sleep(EVERY)
        return TICK

    def close(self) -> None:
        """Give the place back; harmless when repeated."""
        if self._is_open:
            self._is_open = False
            _places.release()
