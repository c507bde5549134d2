"""Swap, don't clear: hot pages that were forgotten or are due are made again before somebody asks for them."""

from collections.abc import Iterable
from time import monotonic
from typing import Any

from application.caching import signals
from application.caching.backend import RedisBackend
from application.caching.leases import Grant, Lease
from application.caching.page_cache import PageCache
from application.caching.scripts import HOT

AT_ONCE = 50
"""Pages that one run takes; it has itself called again for the rest."""
SECONDS = 10.0
WARM = 20
"""Pages, the hottest, that are refreshed before their readers wait for it."""
TURN = "(refill)"
PASSING = frozenset({"bypass redis", "bypass lease", "bypass race"})
"""Outcomes that say nothing of the page itself. After any other bypass it is none to be made again."""


def refill_cold(pages: PageCache) -> int:
    """Make again what an invalidation has forgotten, hottest first; return how many pages were made.

    One run at a time, over all processes: readers come first, and a burst of invalidations becomes one run.
    """
    backend = pages.backend
    turn = Lease(TURN)
    if backend is None or backend.take(turn) is not Grant.GRANTED:
        return 0
    made, end = 0, monotonic() + SECONDS
    try:
        for _ in range(AT_ONCE):
            name = _hottest_of_the_cold(backend)
            if name is None or monotonic() >= end:
                break
            made += _refill(backend, pages, name)
    finally:
        backend.release(turn)
    _look_again(backend)
    return made


def keep_warm(pages: PageCache, front: Iterable[str]) -> int:
    """Make the front pages, and the hottest ones, again as soon as they are due; return how many were made."""
    backend = pages.backend
    turn = Lease(TURN)
    if backend is None or backend.take(turn) is not Grant.GRANTED:
        return 0
    end = monotonic() + SECONDS
    try:
        hottest = backend.ask(lambda: _hottest(backend)) or []
        names = dict.fromkeys([*(f"{backend.prefix}{key}".encode() for key in front), *hottest])
        made = sum(_refill(backend, pages, name) for name in names if monotonic() < end)
    finally:
        backend.release(turn)
    _look_again(backend)
    return made


def _look_again(backend: RedisBackend) -> None:
    """Have another run made if pages are left: those who came during this one were turned away."""
    if backend.ask(lambda: backend.client.exists("broadsheet:cold")):
        signals.cooled.send(backend)


def _hottest_of_the_cold(backend: RedisBackend) -> bytes | None:
    """Take out the page that most readers will ask for."""
    popped: Any = backend.ask(lambda: backend.client.zpopmax("broadsheet:cold"))
    return popped[0][0] if popped else None


def _hottest(backend: RedisBackend) -> list[bytes]:
    listed: Any = backend.client.zrevrangebyscore("broadsheet:heat", "+inf", HOT, start=0, num=WARM)
    return list(listed)


def _refill(backend: RedisBackend, pages: PageCache, name: bytes) -> bool:
    outcome = pages.refill(name.decode(errors="replace").removeprefix(backend.prefix))
    if outcome.startswith("bypass") and outcome not in PASSING:
        # Withdrawn, or another's by now: whoever asks for it gets the answer, and warms it again.
        backend.ask(lambda: backend.client.zrem("broadsheet:heat", name))
    return outcome == "miss"
