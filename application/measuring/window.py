"""What was measured within a window: the figures of its slots, added up and named."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from application.measuring.figures import ACCOUNTS, BOUNDS, Name

Named = Mapping[Name, Mapping[str, int]]
WindowName = Literal["hour", "day"]
SLOTS: dict[WindowName, tuple[int, int]] = {"hour": (300, 3_600), "day": (3_600, 86_400)}
"""Seconds of one slot, and of the window."""
LARGEST = 2**63
"""What Redis counts to."""
FURTHEST: dict[str, Callable[[int, int], int]] = {"max": max, "min": min}
"""Figures of which one counts, and not their sum."""


class Route(msgspec.Struct):
    """What became of requests to one route, or of runs of one job. Latencies in ms, percentiles reckoned."""

    kind: str
    name: str
    count: int
    per_second: float
    refused: int
    failed: int
    mean_ms: float
    p50_ms: float
    p90_ms: float
    p99_ms: float


class Spent(msgspec.Struct):
    """Where time went: spans of one kind and name, and what they took."""

    kind: str
    name: str
    calls: int
    total_ms: float
    mean_ms: float
    longest_ms: float


class Slot(msgspec.Struct):
    """The requests of one slot, by its Unix time: how many, how many failed (5xx), and their 99th percentile."""

    at: int
    count: int
    failed: int
    p99_ms: float


class Window(msgspec.Struct):
    """What was measured between two Unix times; `lost` are requests and jobs that could not be told."""

    name: WindowName
    since: int | None
    until: int
    lost: int
    left_out: int
    routes: list[Route]
    spans: list[Spent]
    slots: list[Slot]

    @property
    def spent(self) -> list[Spent]:
        """Return the spans but for those that only tell the time of others again, by what a cache costs and saves."""
        return [one for one in self.spans if one.kind not in ACCOUNTS]


def window_of(
    name: WindowName, until: int, slots: Mapping[int, Mapping[bytes, bytes]], names: Mapping[str, Name]
) -> Window:
    """Add up the slots of a window, by their Unix times; `names` says what the names in their fields stand for."""
    figures = {at: _figures_of(slot) for at, slot in slots.items()}
    found = _add_up(figures.values())
    named = _named(found, names)
    apart = found.get("-", {})
    begins = [slot[""]["since"] for slot in figures.values() if "since" in slot.get("", {})]
    since = min((begin for begin in begins if 0 < begin <= until), default=None)
    return Window(
        name=name,
        since=since,
        until=until,
        lost=apart.get("lost", 0),
        left_out=apart.get("out", 0),
        routes=sorted(_routes(named, max(1, until - (since or 0))), key=lambda one: (one.kind, -one.count, one.name)),
        spans=sorted(_spans(named), key=lambda one: -one.total_ms),
        slots=[_slot(at, _named(slot, names)) for at, slot in figures.items()],
    )


def _figures_of(slot: Mapping[bytes, bytes]) -> dict[str, dict[str, int]]:
    """Return the figures of a slot by the names in its fields."""
    found: dict[str, dict[str, int]] = {}
    for field, value in slot.items():
        try:
            (what, _, name), number = field.decode().partition(" "), int(value)
        except ValueError:
            # No figure of ours: somebody else wrote it.
            continue
        if abs(number) > LARGEST:
            continue
        found.setdefault(name, {})[what] = number
    return found


def _add_up(slots: Iterable[Mapping[str, Mapping[str, int]]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for slot in slots:
        for name, figures in slot.items():
            sums = found.setdefault(name, {})
            for what, value in figures.items():
                if what in FURTHEST:
                    sums[what] = FURTHEST[what](sums.get(what, value), value)
                else:
                    sums[what] = sums.get(what, 0) + value
    return found


def _named(found: Mapping[str, Mapping[str, int]], names: Mapping[str, Name]) -> Named:
    return {names[key]: figures for key, figures in found.items() if key in names}


def _slot(at: int, found: Named) -> Slot:
    """Add up the requests of all routes."""
    whole = _add_up({"": figures} for (kind, _), figures in found.items() if kind == "request").get("", {})
    return Slot(at, sum(_buckets(whole)), whole.get("5xx", 0), _percentiles(whole, 0.99)[0])


def _buckets(figures: Mapping[str, int]) -> list[int]:
    return [figures.get(f"le{number}", 0) for number in range(len(BOUNDS) + 1)]


def _percentiles(figures: Mapping[str, int], *parts: float) -> list[float]:
    """Return the ms below which these parts lie."""
    buckets, bounds = _buckets(figures), (figures.get("min", 0), figures.get("max", LARGEST))
    return [round(percentile(buckets, part, *bounds) / 1e6, 3) for part in parts]


def _routes(found: Named, seconds: int) -> Iterator[Route]:
    for (kind, name), figures in found.items():
        if not (count := sum(_buckets(figures))):
            continue
        p50, p90, p99 = _percentiles(figures, 0.5, 0.9, 0.99)
        yield Route(
            kind=kind,
            name=name,
            count=count,
            per_second=round(count / seconds, 4),
            refused=figures.get("4xx", 0),
            failed=figures.get("5xx", 0),
            mean_ms=round(figures.get("ns", 0) / count / 1e6, 3),
            p50_ms=p50,
            p90_ms=p90,
            p99_ms=p99,
        )


def _spans(found: Named) -> Iterator[Spent]:
    for (kind, name), figures in found.items():
        if calls := figures.get("calls", 0):
            spent, longest = figures.get("sum", 0), figures.get("max", 0)
            mean = round(spent / calls / 1e6, 3)
            yield Spent(kind, name, calls, round(spent / 1e6, 3), mean, round(longest / 1e6, 3))


def percentile(buckets: Iterable[int], part: float, shortest: int = 0, longest: int = LARGEST) -> float:
    """Return the ns below which this part of them lies, as if each bucket were evenly filled.

    None is below the shortest or above the longest, so that one measured alone is told as it was.
    """
    counts = list(buckets)
    rank, seen = part * sum(counts), 0
    for number, count in enumerate(counts):
        if count and seen + count >= rank:
            low = BOUNDS[number - 1] if number else 0
            # Beyond the last bound nothing is known but that.
            high = BOUNDS[number] if number < len(BOUNDS) else max(low, longest if longest < LARGEST else low)
            low, high = max(low, min(shortest, high)), min(high, max(longest, low))
            return low + (high - low) * (rank - seen) / count
        seen += count
    return 0.0
