"""Spans in nanoseconds: a tree of what was done and how long each part took, told in `Server-Timing`.

`with span("db", "SELECT …"):` is a part of whatever stands around it. `measuring()` begins a tree: a request, a job.
What is measured is read from `current()` while it lasts, and from what `measuring()` gave afterwards.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter_ns
from typing import ParamSpec, Self, TypeVar

from application.measuring import figures

P = ParamSpec("P")
R = TypeVar("R")
KINDS = ("db", "cache", "template", "total")
"""What `Server-Timing` tells; a tree has more kinds."""
MOST = 1_000
"""Spans of one tree. What is done beyond is counted by kind alone, and its time is its parent's own."""
LONGEST_NAME = 200
UNDER_WAY = -1
AWAITED = "request"
"""The kind of whole that somebody waits for."""
BROKE = 500
"""The status of what ended in an exception; a job has no other."""


class Span:
    """One thing that was done: when it began and how long it took, in ns, and what was done within it."""

    __slots__ = ("_measurement", "_parent", "children", "elapsed", "kind", "name", "note", "started")

    def __init__(self, kind: str, name: str, note: str = "") -> None:
        self.kind = kind
        self.name = name
        self.note = note
        self.started = 0
        self.elapsed = UNDER_WAY
        self.children: list[Span] = []
        self._parent: Span | None = None
        self._measurement: Measurement | None = None

    def __enter__(self) -> Self:
        parent = _current.get()
        # A thread may outlive the request that it was started in.
        if parent is not None and parent.elapsed == UNDER_WAY:
            measurement = self._measurement = parent._measurement
            if measurement is not None and measurement.room > 0:
                measurement.room -= 1
                self._parent = parent
                parent.children.append(self)
                _current.set(self)
        self.started = perf_counter_ns()
        return self

    def __exit__(self, *_error: object) -> None:
        self.elapsed = perf_counter_ns() - self.started
        if self._parent is not None:
            _current.set(self._parent)
        elif self._measurement is not None:
            self._measurement.pass_over(self)

    def go_on(self, spent: int) -> None:
        """Add time (ns) that it took after it had ended, unless that is already told as part of something else."""
        if self._parent is not None:
            if _current.get() is self._parent:
                self.elapsed += spent
        elif self._measurement is not None and current() is self._measurement:
            self._measurement.go_on(self.kind, spent)

    @property
    def so_far(self) -> int:
        """Return how long it took, or has taken by now (ns)."""
        return perf_counter_ns() - self.started if self.elapsed == UNDER_WAY else self.elapsed

    @property
    def own(self) -> int:
        """Return the time (ns) that is none of its children's: those of a whole tree add up to its root's `elapsed`."""
        return self.so_far - sum(child.so_far for child in self.children)

    def walk(self, depth: int = 0) -> Iterator[tuple[int, "Span"]]:
        """Yield (depth, span) of it and of all within, in the order in which they began."""
        yield depth, self
        for child in self.children:
            yield from child.walk(depth + 1)


class Measurement:
    """One request, job or other whole: its tree, and what is known of it besides."""

    __slots__ = ("called", "id", "notes", "passed_over", "room", "root", "route", "status")

    def __init__(self, kind: str, name: str) -> None:
        self.root = Span(kind, name)
        self.root._measurement = self
        self.called = name
        """What it is counted under: there are few such names, unlike addresses."""
        self.id = ""
        """What it is known by in logs."""
        self.notes: dict[str, str] = {}
        self.route = ""
        """The rule of the address, such as `/articles/<slug>`."""
        self.status = 0
        self.room = MOST
        self.passed_over: dict[str, tuple[int, int]] = {}
        """Calls and ns, by kind, of spans for which the tree had no room."""

    @property
    def is_awaited(self) -> bool:
        """Return whether somebody waits for it, as nobody does for a job or a refresh."""
        return self.root.kind == AWAITED

    def begin(self) -> None:
        """Let the spans that begin from now on be parts of it."""
        _current.set(self.root)
        self.root.started = perf_counter_ns()

    def end(self) -> None:
        """Take no further spans; count it, and all that it was made of."""
        self.root.elapsed = perf_counter_ns() - self.root.started
        _current.set(None)
        figures.process.note(self)

    def pass_over(self, span: Span) -> None:
        """Count a span for which there is no room."""
        calls, spent = self.passed_over.get(span.kind, (0, 0))
        self.passed_over[span.kind] = (calls + 1, spent + span.elapsed)

    def go_on(self, kind: str, spent: int) -> None:
        """Add time to those for which there was no room."""
        calls, before = self.passed_over[kind]
        self.passed_over[kind] = (calls, before + spent)

    def totals(self) -> dict[str, tuple[int, int]]:
        """Return calls and ns by kind. What is within another of its kind is counted; its time is not added again."""
        found = dict(self.passed_over)
        _add_up(self.root, (), found)
        return found

    def header(self) -> str:
        """Render the `Server-Timing` header (W3C), milliseconds with three decimals."""
        totals, parts = self.totals(), []
        for kind in KINDS[:-1]:
            calls, spent = totals.get(kind, (0, 0))
            note = self.notes.get(kind) or _count(kind, calls)
            parts.append(f'{kind};dur={spent / 1e6:.3f};desc="{note}"')
        return ", ".join([*parts, f"total;dur={self.root.so_far / 1e6:.3f}"])


_NOUNS = {"db": ("statement", "statements"), "cache": ("call", "calls"), "template": ("template", "templates")}
_current: ContextVar[Span | None] = ContextVar("broadsheet_span", default=None)


def _count(kind: str, calls: int) -> str:
    one, many = _NOUNS[kind]
    return f"{calls} {one if calls == 1 else many}"


def _add_up(span: Span, above: tuple[str, ...], found: dict[str, tuple[int, int]]) -> None:
    calls, spent = found.get(span.kind, (0, 0))
    found[span.kind] = (calls + 1, spent if span.kind in above else spent + span.so_far)
    for child in span.children:
        _add_up(child, (*above, span.kind), found)


def current() -> Measurement | None:
    """Return what is being measured now, if anything is."""
    innermost = _current.get()
    return None if innermost is None or innermost.elapsed != UNDER_WAY else innermost._measurement


def note(kind: str, text: str) -> None:
    """Describe a kind in the header's own words, for example how the cache answered."""
    if (measurement := current()) is not None:
        measurement.notes[kind] = text


def note_route(rule: str) -> None:
    """Say which rule the address of the request at hand matches."""
    if (measurement := current()) is not None:
        measurement.route = rule


@contextmanager
def measuring(kind: str = "work", name: str = "") -> Iterator[Measurement]:
    """Measure the block as a whole of its own, whatever stands around it."""
    around = _current.get()
    measurement = Measurement(kind, name)
    measurement.begin()
    try:
        yield measurement
    except BaseException:
        measurement.status = BROKE
        raise
    finally:
        measurement.end()
        _current.set(around)


@contextmanager
def unmeasured() -> Iterator[None]:
    """Let what the block does be part of nothing: who looks at the figures shall not be in them."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


def span(kind: str, name: str = "", note: str = "") -> Span:
    """Time a block, as a part of what is being measured; it may be given its note while it lasts."""
    return Span(kind, name or kind, note)


def timed(name: str, kind: str = "data") -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Time every call of the decorated function under this name."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def measured(*args: P.args, **kwargs: P.kwargs) -> R:
            with Span(kind, name):
                return function(*args, **kwargs)

        return measured

    return decorate
