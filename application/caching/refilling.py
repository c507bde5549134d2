"""Swap, don't clear: hot pages that were forgotten or are due are made again before somebody asks for them."""

import functools
from collections.abc import Iterable
from time import monotonic
from typing import Any

from application.caching import signals
from application.caching.backend import RedisBackend
from application.caching.leases import Grant, Lease
from application.caching.page_cache import PageCache
from application.caching.releases import RELEASES
from application.caching.scripts import HOT, PAGES_WITH_HEAT

AT_ONCE = 50
"""Pages that one run takes; it has itself called again for the rest."""
SECONDS = 10.0
WARM = 20
"""Pages, the hottest, that are refreshed before their readers wait for it."""
COLD = "broadsheet:cold"
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
        for name in _own_cold(backend)[:AT_ONCE]:
            if monotonic() >= end:
                break
            # What has been taken out meanwhile is at somebody else's.
            if backend.ask(functools.partial(backend.client.zrem, COLD, name)):
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
        names = dict.fromkeys([*(f"{backend.names.prefix}{key}".encode() for key in front), *hottest])
        made = sum(_refill(backend, pages, name) for name in names if monotonic() < end)
    finally:
        backend.release(turn)
    _look_again(backend)
    return made


def _look_again(backend: RedisBackend) -> None:
    """Have another run made if pages are left: those who came during this one were turned away."""
    if _own_cold(backend):
        signals.cooled.send(backend)


def _own_cold(backend: RedisBackend) -> list[bytes]:
    """Return the pages of this release that wait, the hottest first: it cannot make another's.

    Those of a release that has ended, which nobody makes any more, are let go.
    """
    names = backend.names
    client: Any = backend.client

    def ask() -> list[bytes]:
        listed = client.zrevrange(COLD, 0, PAGES_WITH_HEAT - 1)
        own = [name for name in listed if names.owns(_text(name))]
        if len(own) < len(listed):
            parts = {b"", *client.hkeys(RELEASES)}
            gone = [name for name in listed if names.release_part(_text(name)).encode() not in parts]
            if gone:
                client.zrem(COLD, *gone)
        return own

    return backend.ask(ask) or []


def _hottest(backend: RedisBackend) -> list[bytes]:
    listed: Any = backend.client.zrevrangebyscore("broadsheet:heat", "+inf", HOT, start=0, num=PAGES_WITH_HEAT)
    return [name for name in listed if backend.names.owns(_text(name))][:WARM]


def _text(name: bytes) -> str:
    return name.decode(errors="replace")


def _refill(backend: RedisBackend, pages: PageCache, name: bytes) -> bool:
    outcome = pages.refill(backend.names.key_of(_text(name)))
    if outcome.startswith("bypass") and outcome not in PASSING:
        # Withdrawn, or another's by now: whoever asks for it gets the answer, and warms it again.
        backend.ask(lambda: backend.client.zrem("broadsheet:heat", name))
    return outcome == "miss"
