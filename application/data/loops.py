"""The loops in a plan of SQLite's: which rows each goes through, and what may end it early."""

import re
from collections.abc import Iterator

from msgspec import Struct

_LOOP = re.compile(
    r"(?P<way>SCAN|SEARCH) (?P<table>\w+)"
    r"(?: USING (?:(?P<made>AUTOMATIC )(?:PARTIAL )?)?(?:COVERING )?(?:INDEX(?: (?P<index>\w+))?|INTEGER PRIMARY KEY))?"
    r"(?: \((?P<terms>.*)\))?(?: LEFT-JOIN)?$"
)
_SORT = "USE TEMP B-TREE FOR ORDER BY"
_GATHER = re.compile(r"USE TEMP B-TREE FOR (?:GROUP BY|DISTINCT)")
_SAME_SELECT = re.compile(r"MULTI-INDEX OR|INDEX \d+$")
_SELECT_WITHIN = re.compile(r"SUBQUERY \d|CO-ROUTINE|MATERIALIZE")
_EQUAL = re.compile(r"(\w+)=\?")
_TEXT = re.compile(r"'(?:[^']|'')*'")
_LIMIT = re.compile(r"\bLIMIT\b", re.IGNORECASE)
_EXISTS = re.compile(r"\bEXISTS\s*\(", re.IGNORECASE)
_GROUPS = re.compile(r"\bGROUP\s+BY\b", re.IGNORECASE)
_AGGREGATE = re.compile(r"\b(?:count|sum|total|avg|min|max|group_concat)\s*\(", re.IGNORECASE)


class Loop(Struct, frozen=True):
    """A table, or what the statement calls it, and how its rows are gone through.

    `is_whole`: all of them, as far as nothing ends it; also where SQLite makes an index for this statement alone.
    `equal` are the columns by which the others are found; None is one row.
    """

    table: str
    index: str
    is_whole: bool
    equal: tuple[str, ...] | None
    ends_early: bool
    """A LIMIT or an EXISTS ends it as soon as there is enough."""
    is_sorted_for_few: bool
    """Its rows are sorted, all of them, for a LIMIT to take the first."""


class _Select:
    """A SELECT of the plan, which may stand within another."""

    def __init__(self, *, is_within: bool) -> None:
        self.is_within = is_within
        self.found: list[re.Match[str]] = []
        self.sorts = self.gathers = False


def read_loops(sql: str, plan: list[str]) -> Iterator[Loop]:
    """Yield the loops of a plan, from the outermost on."""
    selects = _selects(plan)
    outer, within = _parted(_TEXT.sub("''", sql))
    if not any(select.is_within for select in selects):
        # What stands in parentheses is no SELECT of its own any more.
        outer = f"{outer} {within}"
    for select in selects:
        has_limit = bool(_LIMIT.search(within if select.is_within else outer))
        gathers = select.gathers or (not select.is_within and _is_aggregate(outer))
        ends_early = (has_limit or (select.is_within and bool(_EXISTS.search(sql)))) and not (select.sorts or gathers)
        # What is ordered by a sum or a count has to be read whole.
        for found in select.found:
            yield _loop(found, ends_early=ends_early, is_sorted_for_few=has_limit and select.sorts and not gathers)


def _selects(plan: list[str]) -> list[_Select]:
    above = [(-1, _Select(is_within=False))]
    selects = [above[0][1]]
    for line in plan:
        step = line.lstrip()
        depth = len(line) - len(step)
        while above[-1][0] >= depth:
            above.pop()
        select = above[-1][1]
        if found := _LOOP.match(step):
            select.found.append(found)
        select.sorts |= step == _SORT
        select.gathers |= bool(_GATHER.match(step))
        if not _SAME_SELECT.match(step):
            select = _Select(is_within=select.is_within or bool(_SELECT_WITHIN.search(step)))
            selects.append(select)
        above.append((depth, select))
    return selects


def _parted(sql: str) -> tuple[str, str]:
    """Return a statement without what stands in parentheses, and that."""
    depth = 0
    parts: tuple[list[str], list[str]] = ([], [])
    for letter in sql:
        depth -= letter == ")"
        parts[depth > 0].append(letter)
        depth += letter == "("
    return "".join(parts[0]), "".join(parts[1])


def _is_aggregate(text: str) -> bool:
    """Tell whether a SELECT makes one row of all. Groups come one after the other, unless they are gathered."""
    return bool(_AGGREGATE.search(text)) and not _GROUPS.search(text)


def _loop(found: re.Match[str], *, ends_early: bool, is_sorted_for_few: bool) -> Loop:
    terms = found["terms"]
    return Loop(
        table=found["table"],
        index=found["index"] or "",
        is_whole=found["way"] == "SCAN" or bool(found["made"]),
        # The least or greatest value of an index is found without any; a row id is that of one row.
        equal=None if terms is None or terms == "rowid=?" else tuple(_EQUAL.findall(terms)),
        ends_early=ends_early,
        is_sorted_for_few=is_sorted_for_few,
    )
