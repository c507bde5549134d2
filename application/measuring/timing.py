"""Spans in nanoseconds, collected for the request at hand, told in `Server-Timing`."""

import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

P = ParamSpec("P")
R = TypeVar("R")
KINDS = ("db", "cache", "template", "total")


@dataclass(slots=True)
class Timings:
    """What one request has spent, by kind and by name: (calls, nanoseconds)."""

    started: int = field(default_factory=perf_counter_ns)
    kinds: dict[str, tuple[int, int]] = field(default_factory=dict)
    names: dict[str, tuple[int, int]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str, name: str, elapsed: int) -> None:
        """Add one finished span of `elapsed` ns."""
        for table, key in ((self.kinds, kind), (self.names, name)):
            calls, spent = table.get(key, (0, 0))
            table[key] = (calls + 1, spent + elapsed)

    def header(self) -> str:
        """Render the `Server-Timing` header (W3C), milliseconds with three decimals."""
        parts = []
        for kind in KINDS[:-1]:
            calls, spent = self.kinds.get(kind, (0, 0))
            note = self.notes.get(kind) or _count(kind, calls)
            parts.append(f'{kind};dur={spent / 1e6:.3f};desc="{note}"')
        return ", ".join([*parts, f"total;dur={(perf_counter_ns() - self.started) / 1e6:.3f}"])


_NOUNS = {"db": ("statement", "statements"), "cache": ("call", "calls"), "template": ("template", "templates")}
_current: ContextVar[Timings | None] = ContextVar("broadsheet_timings", default=None)


def _count(kind: str, calls: int) -> str:
    one, many = _NOUNS[kind]
    return f"{calls} {one if calls == 1 else many}"


def current() -> Timings | None:
    """Return what is being measured now, if anything is."""
    return _current.get()


def note(kind: str, text: str) -> None:
    """Describe a kind in the header's own words, for example how the cache answered."""
    if (timings := _current.get()) is not None:
        timings.notes[kind] = text


@contextmanager
def measuring() -> Iterator[Timings]:
    """Collect every span that ends inside."""
    timings = Timings()
    token = _current.set(timings)
    try:
        yield timings
    finally:
        _current.reset(token)


@contextmanager
def span(kind: str, name: str = "") -> Iterator[None]:
    """Time the block and add it to the request at hand."""
    started = perf_counter_ns()
    try:
        yield
    finally:
        if (timings := _current.get()) is not None:
            timings.add(kind, name or kind, perf_counter_ns() - started)


def timed(name: str, kind: str = "data") -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Time every call of the decorated function under this name."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def measured(*args: P.args, **kwargs: P.kwargs) -> R:
            with span(kind, name):
                return function(*args, **kwargs)

        return measured

    return decorate


class ServerTiming:
    """WSGI: measure each request and tell what it spent."""

    def __init__(self, app: "WSGIApplication") -> None:
        self.app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer through the application; add the header when it starts its response."""
        timings = Timings()
        _current.set(timings)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            headers.append(("Server-Timing", timings.header()))
            return start_response(status, headers, exc_info)

        return self.app(environ, start)
