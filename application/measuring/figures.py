"""What this process has measured since it last told anybody: plain integers, without a lock.

An increment that is lost to another thread harms nobody; a lock would cost everybody.
"""

from bisect import bisect_left
from collections.abc import Mapping
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
LONGEST_NAME = 4_000
"""The site's own statements have up to 2,400 characters, on PostgreSQL half as many again; what is cut has no plan."""
LOOKED_UP = "cached-page"
"""The kind of part under which all that the page cache did for one family of pages is counted."""
MADE, MADE_AHEAD = "made", "made-ahead"
"""The kinds of part under which the making of cached values is counted, by family; `ahead`: while nobody waited."""
ACCOUNTS = frozenset({LOOKED_UP, MADE, MADE_AHEAD})
"""Kinds that say what caches cost and save: the same time is told by other spans already."""

AHEAD = {"cached": "cached-ahead", "fragment": "fragment-ahead"}
"""What look-ups of jobs and refreshes are called: no reader waits for them, so they say nothing of what they save."""

Name = tuple[str, str]
"""A kind and a name, such as `db` and a statement."""


class Tally:
    """How often a route was answered, or a job run, and how long it took; `fast` are answers of the fast lane."""

    __slots__ = ("buckets", "failed", "fast", "fast_spent", "longest", "refused", "shortest", "spent")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.spent = self.refused = self.failed = 0
        self.shortest = self.longest = 0
        self.fast = self.fast_spent = 0

    def note(self, elapsed: int, status: int) -> None:
        """Count one that took so many ns; a status of 500 and more is a failure, of 400 and more a refusal."""
        self.buckets[bisect_left(BOUNDS, elapsed)] += 1
        self.spent += elapsed
        self.longest = max(self.longest, elapsed)
        self.shortest = min(self.shortest or elapsed, elapsed)
        if status >= 500:
            self.failed += 1
        elif status >= 400:
            self.refused += 1

    def take(self) -> "Whole | None":
        """Return what was counted, if anything was, and begin again."""
        buckets, self.buckets = self.buckets, [0] * (len(BOUNDS) + 1)
        spent, refused, failed = self.spent, self.refused, self.failed
        fast, fast_spent = self.fast, self.fast_spent
        shortest, longest = self.shortest, self.longest
        self.spent = self.refused = self.failed = self.fast = self.fast_spent = self.shortest = self.longest = 0
        if fast:
            # The fast lane is far below the first bound, so it needs no looking up.
            buckets[0] += fast
            shortest, longest = 1, max(longest, BOUNDS[0])
        return Whole(buckets, spent + fast_spent, refused, failed, shortest, longest) if any(buckets) else None


class Lane:
    """Answers of the fast lane with pages of one family, at one route: how many, and the ns of looking them up."""

    __slots__ = ("calls", "family", "spent", "tally")

    def __init__(self, family: str, tally: Tally) -> None:
        self.family = family
        self.tally = tally
        self.calls = self.spent = 0


class Whole(msgspec.Struct):
    """What a tally had: counts by bucket, ns in all, refusals (4xx), failures (5xx, or an exception).

    `shortest` and `longest` are bounds of each (ns), near ones where there are any; 0 where nothing is known.
    """

    buckets: list[int]
    spent: int = 0
    refused: int = 0
    failed: int = 0
    shortest: int = 0
    longest: int = 0

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
        self._lanes: dict[Name, Lane] = {}
        self._parts: dict[Name, Part] = {}

    def tally(self, kind: str, name: str) -> Tally:
        """Return what counts the wholes of this name; it stays the same one."""
        key = (kind, name)
        if (found := self._tallies.get(key)) is None:
            key = key if len(self._tallies) < WHOLES else (kind, OTHERS)
            found = self._tallies.setdefault(key, Tally())
        return found

    def lane(self, route: str, family: str) -> Lane:
        """Return what counts what the fast lane answers at this route with this family of pages."""
        key = (route, family)
        if (found := self._lanes.get(key)) is None:
            key = key if len(self._lanes) < WHOLES else (route, OTHERS)
            found = self._lanes.setdefault(key, Lane(key[1], self.tally("request", route)))
        return found

    def add(self, kind: str, name: str, elapsed: int) -> None:
        """Count a part that is no span, and what it took (ns)."""
        part = self._part(kind, name)
        part.calls += 1
        part.spent += elapsed
        part.longest = max(part.longest, elapsed)

    def note(self, measurement: "Measurement") -> None:
        """Count a whole that has ended, and each of its parts."""
        root = measurement.root
        self.tally(root.kind, measurement.called).note(root.elapsed, measurement.status)
        kinds = {} if measurement.is_awaited else AHEAD
        for child in root.children:
            self._note_part(child, kinds)

    def take(self) -> Taken:
        """Return all of it, and begin again."""
        for lane in list(self._lanes.values()):
            self._settle(lane)
        parts, self._parts = self._parts, {}
        wholes = {name: whole for name, tally in list(self._tallies.items()) if (whole := tally.take()) is not None}
        return Taken(wholes, parts)

    def _note_part(self, span: "Span", kinds: Mapping[str, str]) -> None:
        self.add(kinds.get(span.kind, span.kind), span.name[:LONGEST_NAME], span.elapsed)
        for child in span.children:
            self._note_part(child, kinds)

    def _part(self, kind: str, name: str) -> Part:
        key = (kind, name)
        if (part := self._parts.get(key)) is None:
            key = key if len(self._parts) < SPANS else (kind, OTHERS)
            part = self._parts.setdefault(key, Part())
        return part

    def _settle(self, lane: Lane) -> None:
        """Count what the fast lane has answered under its route, and as look-ups of its family."""
        if not (calls := lane.calls):
            return
        spent, lane.calls, lane.spent = lane.spent, 0, 0
        lane.tally.fast += calls
        lane.tally.fast_spent += spent
        part = self._part(LOOKED_UP, lane.family)
        part.calls += calls
        part.spent += spent


def route_name(method: str, rule: str) -> str:
    """Name what an address is counted under: `GET /articles/<slug>`; there are as many as the site has routes."""
    return f"{method if method in METHODS else 'OTHER'} {rule or NO_ROUTE}"


process = Figures()
"""Those of this process."""
