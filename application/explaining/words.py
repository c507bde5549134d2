"""Parts of an explanation in words, the same in a terminal and on a page."""

from collections.abc import Iterable
from typing import NamedTuple

from application.caching.inspector import readable
from application.caching.reporting import Worker
from application.data.plans import BIG
from application.data.wording import short
from application.explaining.explanation import Explanation, Key, Statement, Step

NO_KEYS = "none, nothing of it is kept"
A_STREAM = "a stream, which never ends"
BAR_LEAST = 0.005
"""Of the whole: a shorter bar would not be seen."""
SPANS = 60
PLACES = 3
_LONGEST_NAME = 140


class Bar(NamedTuple):
    """A span of the waterfall: where its bar begins and how long it is, as parts of the whole."""

    step: Step
    name: str
    start: float
    length: float


def draw(spans: list[Step]) -> list[Bar]:
    """Return the bars of the waterfall, in the order of the tree; of many spans only the longest."""
    whole = max(1, spans[0].elapsed_ns)
    least = sorted((step.elapsed_ns for step in spans), reverse=True)[:SPANS][-1]
    told = [step for step in spans if step.elapsed_ns >= least][:SPANS]
    return [_bar(step, whole) for step in told]


def _bar(step: Step, whole: int) -> Bar:
    start = min(1 - BAR_LEAST, step.began_ns / whole)
    return Bar(step, _name(step), start, max(BAR_LEAST, min(1 - start, step.elapsed_ns / whole)))


def _name(step: Step) -> str:
    name = short(" ".join(step.name.split())) if step.kind == "db" else step.name
    return printable(f"{name}  {step.note}" if step.note else name)


def lifetime(key: Key) -> str:
    """Say for how long a value would be stored."""
    return "not stored" if key.lifetime is None else f"for {key.lifetime:,} s"


def stored(key: Key) -> str:
    """Say what the site's Redis has of a value."""
    found = key.stored
    if found is None:
        return "not in the site's Redis"
    facts = [
        "TTL: no end" if found.ttl is None else f"TTL {found.ttl} s",
        "" if found.age is None else f"{found.age} s old",
        f"{found.size:,} B",
        "" if found.heat is None else f"{found.heat:.0f} hits lately",
        f"not believed: {found.doubt}" if found.doubt else "",
    ]
    return f"in Redis: {', '.join(fact for fact in facts if fact)}"


def rows(statement: Statement) -> str:
    """Say how many rows all runs of a statement fetched or touched."""
    each = [run.rows for run in statement.runs]
    return "? rows" if None in each else count(sum(row or 0 for row in each), "row")


def places(statement: Statement) -> list[str]:
    """Return the first places that asked."""
    return list(dict.fromkeys(run.place for run in statement.runs if run.place))[:PLACES]


def scans(statement: Statement) -> str:
    """Say which tables a statement reads from end to end or sorts; nothing when there are none."""
    parts = [f"reads {scan.part}: {scan.rows:,} rows{' or more' if scan.is_big else ''}" for scan in statement.scans]
    return ", ".join([*parts, *(f"sorts {BIG:,} rows or more of {sort.table}" for sort in statement.sorts)])


def spent_ns(statements: Iterable[Statement]) -> int:
    """Return what all of them took."""
    return sum(one.elapsed_ns for one in statements)


def worker(one: Worker) -> str:
    """Say what a worker has told of its memory."""
    trust = f"changes applied up to {one.applied}" if one.is_trusted else "memory not trusted"
    used = f"{one.used / 2**20:.1f} of {one.budget / 2**20:.0f} MB"
    return f"{one.entries} values, {used}, {trust}, up {one.up} s"


def no_workers(found: Explanation) -> str:
    """Say why there is no worker to quote."""
    return f"unknown, {found.redis}" if found.redis else "none tells of itself: is the site running?"


def printable(text: str) -> str:
    """Write foreign text in one line that a terminal shows and does nothing else."""
    flat = readable(" ".join(text.split()).encode(errors="surrogateescape"))
    return flat if len(flat) <= _LONGEST_NAME else f"{flat[: _LONGEST_NAME - 1]}…"


def ms(nanoseconds: int) -> str:
    """Write a time in milliseconds, to the microsecond."""
    return f"{nanoseconds / 1e6:,.3f}"


def count(number: int, noun: str) -> str:
    """Write a number of things."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
