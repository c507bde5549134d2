"""What each cache earns: what making its values would have cost, less what was spent instead.

For one family of keys, over one window:

    saved = asked x made_ms - spent - ahead

`asked` is how often it was asked for, `made_ms` what making one value took on average, `spent` all the time that those
who asked spent with the cache, making included, and `ahead` what was made while nobody waited. Without the cache each
one who asks would have made the value; whatever below it is cached would still be. Raises `redis.RedisError`.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from application.caching.holdings import Holding, hold
from application.caching.inspector import Shelves
from application.measuring.figures import LOOKED_UP, MADE, MADE_AHEAD
from application.measuring.window import Spent, Window, WindowName
from application.measuring.windows import Windows

What = Literal["page", "fragment", "function"]
Verdict = Literal["worth it", "not worth it", "not known"]
CACHES: dict[str, What] = {LOOKED_UP: "page", "fragment": "fragment", "cached": "function"}
"""What the kinds of spans and parts stand for that take a look-up, with all that follows from it."""
FEW = 20
"""Look-ups below which nothing is said."""


class Worth(msgspec.Struct):
    """What one family earned. Means in their units, `saved` in ms an hour, bytes in Redis; None: not known."""

    family: str
    what: What
    asked: int
    made: int
    made_ahead: int
    hit_ratio: float | None
    made_ms: float | None
    lookup_us: float | None
    saved_ms_per_hour: float | None
    keys: int
    bytes: int
    is_exact: bool
    verdict: Verdict
    reason: str


class Earnings(msgspec.Struct):
    """What all of them earned between two Unix times, those first that earned most."""

    window: WindowName
    since: int | None
    until: int
    is_whole: bool
    """Whether all keys were looked at."""
    families: list[Worth]


def appraise(windows: Windows, shelves: Shelves, name: WindowName) -> Earnings:
    """Say what each family earned in the last hour or day."""
    window = windows.read(name)
    held = hold(shelves)
    spent, costs = _by_kind(window), _costs(window)
    asked = {one.name for kind in CACHES for one in spent.get(kind, {}).values()}
    if name != "day" and not asked <= costs.keys():
        costs = _costs(windows.read("day")) | costs
    seconds = max(1, window.until - window.since) if window.since is not None else 1
    families = [
        _worth(what, one, spent, costs.get(one.name), held.families.get(one.name, Holding()), seconds)
        for kind, what in CACHES.items()
        for one in spent.get(kind, {}).values()
    ]
    families += [_unasked(family, holding) for family, holding in held.families.items() if family not in asked]
    families.sort(key=lambda one: (-(one.saved_ms_per_hour or 0), one.family))
    return Earnings(name, window.since, window.until, held.is_whole, families)


def _worth(
    what: What, one: Spent, spent: Mapping[str, Mapping[str, Spent]], cost: float | None, held: Holding, seconds: int
) -> Worth:
    made, ahead = (spent.get(kind, {}).get(one.name) for kind in (MADE, MADE_AHEAD))
    made_calls, made_ms = (made.calls, made.total_ms) if made else (0, 0.0)
    saved = None
    if cost is not None:
        saved = (one.calls * cost - one.total_ms - (ahead.total_ms if ahead else 0)) * 3_600 / seconds
    verdict, reason = _judge(one.calls, made_calls, saved)
    return Worth(
        family=one.name,
        what=what,
        asked=one.calls,
        made=made_calls,
        made_ahead=ahead.calls if ahead else 0,
        hit_ratio=round(max(0.0, 1 - made_calls / one.calls), 4),
        made_ms=None if cost is None else round(cost, 3),
        lookup_us=round(max(0.0, one.total_ms - made_ms) / one.calls * 1000, 1),
        saved_ms_per_hour=None if saved is None else round(saved, 1),
        keys=held.keys,
        bytes=held.bytes,
        is_exact=held.is_exact,
        verdict=verdict,
        reason=reason,
    )


def _judge(asked: int, made: int, saved: float | None) -> tuple[Verdict, str]:
    if asked < FEW:
        return "not known", "too few have asked"
    if saved is None:
        return "not known", "not made in the last day, so what that costs is not known"
    if made >= asked:
        return "not worth it", "never hit"
    if saved < 0:
        return "not worth it", "looking up costs more than it saves"
    return "worth it", "saves more than looking up costs"


def _unasked(family: str, held: Holding) -> Worth:
    what: What = "page" if family.startswith("/") else "fragment" if family.startswith("fragment/") else "function"
    return Worth(
        family, what, 0, 0, 0, None, None, None, None, held.keys, held.bytes, held.is_exact, "not known", "nobody asked"
    )


def _costs(window: Window) -> dict[str, float]:
    """Return what making one value of each family took (ms), ahead or not."""
    spent = _by_kind(window)
    found: dict[str, tuple[int, float]] = {}
    for kind in (MADE, MADE_AHEAD):
        for name, one in spent.get(kind, {}).items():
            calls, total = found.get(name, (0, 0.0))
            found[name] = calls + one.calls, total + one.total_ms
    return {name: total / calls for name, (calls, total) in found.items()}


def _by_kind(window: Window) -> dict[str, dict[str, Spent]]:
    found: dict[str, dict[str, Spent]] = {}
    for one in window.spans:
        found.setdefault(one.kind, {})[one.name] = one
    return found
