"""What happened in this process, in plain integers: a lost one harms nobody, a lock would cost everybody."""

from collections.abc import Mapping
from typing import Protocol

FAMILIES = 200
PAGES = 2_000
"""Pages whose asking is remembered between two reports; the rest is too cold to matter."""
OTHERS = "(others)"
LONGEST_FAMILY = 80
ASKED_FOR = frozenset({"hit redis", "stale", "miss"})
"""What an asked page adds to its heat; a hit in memory is counted on the value itself (`settle`)."""

Counted = dict[str, dict[str, int]]
Asked = dict[str, int]


class Counting(Protocol):
    """A value in memory that counts its own hits, and knows how many of them have been told."""

    key: str
    hits: int
    told: int


class Counters:
    """Outcomes by family, and how often each page was asked for, since the last report."""

    def __init__(self) -> None:
        self._counted: Counted = {}
        self._asked: Asked = {}

    def note(self, key: str, outcome: str, times: int = 1) -> None:
        """Count an outcome of looking for `key`."""
        outcomes = self._outcomes(family_of(key))
        outcomes[outcome] = outcomes.get(outcome, 0) + times
        if outcome in ASKED_FOR:
            self._ask(key, times)

    def settle(self, kept: Counting) -> None:
        """Count the hits of a value in memory that have not been counted yet."""
        hits = kept.hits
        if hits != kept.told:
            self.note(kept.key, "hit process", hits - kept.told)
            self._ask(kept.key, hits - kept.told)
            kept.told = hits

    def take(self) -> tuple[Counted, Asked]:
        """Return all of it, and begin again."""
        taken = self._counted, self._asked
        self._counted, self._asked = {}, {}
        return taken

    def put_back(self, counted: Mapping[str, Mapping[str, int]], asked: Mapping[str, int]) -> None:
        """Keep for the next report what this one could not tell."""
        for family, outcomes in counted.items():
            mine = self._outcomes(family)
            for outcome, times in outcomes.items():
                mine[outcome] = mine.get(outcome, 0) + times
        for key, times in asked.items():
            self._ask(key, times)

    def _outcomes(self, family: str) -> dict[str, int]:
        is_known = family in self._counted or len(self._counted) < FAMILIES
        return self._counted.setdefault(family if is_known else OTHERS, {})

    def _ask(self, key: str, times: int) -> None:
        if key.startswith("view/") and (key in self._asked or len(self._asked) < PAGES):
            self._asked[key] = self._asked.get(key, 0) + times


def family_of(key: str) -> str:
    """Name what a key is counted under: `/articles/…`, `fragment/more_by`, `get_article`."""
    if key.startswith("view/"):
        path = key.removeprefix("view/").partition("?")[0]
        first, _, rest = path.removeprefix("/").partition("/")
        return f"/{first}/…"[:LONGEST_FAMILY] if rest else path[:LONGEST_FAMILY]
    name = key.partition("(")[0]
    if name.startswith("fragment/"):
        name = "/".join(name.split("/", 2)[:2])
    return name[:LONGEST_FAMILY]
