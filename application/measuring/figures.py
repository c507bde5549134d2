"""What this process has measured since it last told anybody: plain integers, without a lock.

An increment that is lost to another thread harms nobody; a lock would cost everybody.
"""

from bisect import bisect_left
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from application.measuring.timing import Measurement, Span

BOUNDS = (50_000, *(part * 10**power for power in range(5, 10) for part in (1, 2, 5)), 10**10)
"""Upper bounds of the buckets of a histogram, in ns: 50 µs, 100 µs, 200 µs … 5 s, 10 s; beyond is one bucket more."""
WHOLES = 300
SPANS = 1_000
"""How many names a process counts between two reports; a database may be asked in endless ways."""
OTHERS = "(others)"
NO_ROUTE = "(no route)"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
LONGEST_NAME = 1_000

Name = tuple[str, str]
"""A kind and a name, such as `db` and a statement."""


class Tally:
    """How often a route was answered, or a job run, and how long it took; `fast` are answers of the fast lane."""

    __slots__ = ("buckets", "failed", "fast", "fast_spent", "refused", "spent")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.spent = self.refused = self.failed = 0
        self.fast = self.fast_spent = 0

    def note(self, elapsed: int, status: int) -> None:
        """Count one that took so many ns; a status of 500 and more is a failure, of 400 and more a refusal."""
        self.buckets[bisect_left(BOUNDS, elapsed)] += 1
        self.spent += elapsed
        if status >= 500:
            self.failed += 1
        elif status >= 400:
            self.refused += 1

    def take(self) -> "Whole | None":
        """Return what was counted, if anything was, and begin again."""
        buckets, self.buckets = self.buckets, [0] * (len(BOUNDS) + 1)
        spent, refused, failed = self.spent, self.refused, self.failed
        fast, fast_spent = self.fast, self.fast_spent
        self.spent = self.refused = self.failed = self.fast = self.fast_spent = 0
        # The fast lane is far below the first bound, so it needs no looking up.
        buckets[0] += fast
        return Whole(buckets, spent + fast_spent, refused, failed) if any(buckets) else None


class Whole(msgspec.Struct):
    """What a tally had: counts by bucket, ns in all, refusals (4xx), failures (5xx, or an exception)."""

    buckets: list[int]
    spent: int = 0
    refused: int = 0
    failed: int = 0

    @property
    def count(self) -> int:
        """Return how many there were."""
        return sum(self.buckets)


class Part(msgspec.Struct):
    """What was done under one name: how often, ns in all, and the longest."""

    calls: int = 0
    spent: int = 0
    longest: int = 0


class Taken(msgspec.Struct):
    """All that was measured between two reports."""

    wholes: dict[Name, Whole]
    parts: dict[Name, Part]


class Figures:
    """The integers of one process."""

    def __init__(self) -> None:
        self._tallies: dict[Name, Tally] = {}
        self._parts: dict[Name, Part] = {}

    def tally(self, kind: str, name: str) -> Tally:
        """Return what counts the wholes of this name; it stays the same one."""
        key = (kind, name)
        if (found := self._tallies.get(key)) is None:
            key = key if len(self._tallies) < WHOLES else (kind, OTHERS)
            found = self._tallies.setdefault(key, Tally())
        return found

    def note(self, measurement: "Measurement") -> None:
        """Count a whole that has ended, and each of its parts."""
        root = measurement.root
        self.tally(root.kind, measurement.called).note(root.elapsed, measurement.status)
        for child in root.children:
            self._note_part(child)

    def take(self) -> Taken:
        """Return all of it, and begin again."""
        parts, self._parts = self._parts, {}
        wholes = {name: whole for name, tally in list(self._tallies.items()) if (whole := tally.take()) is not None}
        return Taken(wholes, parts)

    def _note_part(self, span: "Span") -> None:
        key = (span.kind, span.name[:LONGEST_NAME])
        if (part := self._parts.get(key)) is None:
            key = key if len(self._parts) < SPANS else (span.kind, OTHERS)
            part = self._parts.setdefault(key, Part())
        part.calls += 1
        part.spent += span.elapsed
        part.longest = max(part.longest, span.elapsed)
        for child in span.children:
            self._note_part(child)


def route_name(method: str, rule: str) -> str:
    """Name what an address is counted under: `GET /articles/<slug>`; there are as many as the site has routes."""
    return f"{method if method in METHODS else 'OTHER'} {rule or NO_ROUTE}"


process = Figures()
"""Those of this process."""
