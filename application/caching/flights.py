"""One computation at a time for each key within a process: the others wait and share what comes of it."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from application.measuring.timing import span

PATIENCE = 30.0
"""Seconds after which somebody who waits stops believing in the one under way."""

_under_way: ContextVar[frozenset[str]] = ContextVar("broadsheet_flights", default=frozenset())


class Flight:
    """A computation under way.

    Who came before its last attempt began may use its result in any case; who came later only if it is `shared`:
    then `holds` tells whether it was still true when they came.
    """

    __slots__ = ("began", "done", "error", "holds", "result", "tick")

    def __init__(self, tick: Callable[[], int]) -> None:
        self.tick = tick
        self.began = tick()
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None
        self.holds: Callable[[], bool] | None = None

    def begin(self) -> None:
        """Note that everything is read from here on."""
        self.began = self.tick()

    def serves(self, ticket: int, *, strict: bool) -> bool:
        """Tell whether somebody who came at `ticket` may use the outcome."""
        if ticket < self.began:
            return True
        return not strict and self.error is None and self.holds is not None and self.holds()


class Flights:
    """The computations under way in this process, by key."""

    def __init__(self) -> None:
        self._flights: dict[str, Flight] = {}
        self._lock = threading.Lock()
        self._count = itertools.count()

    def share(
        self, key: str, lead: Callable[[Flight], Any], waiting: Callable[[], object], *, strict: bool = False
    ) -> Any:
        """Return what `lead` returns, or what it has returned to another who asked for the same key meanwhile.

        Calls `waiting` before it waits. With `strict`, only a computation that begins from now on will do. Raises what
        `lead` raises.
        """
        if key in _under_way.get():
            # It needs itself: waiting would last for ever.
            return lead(Flight(self._tick))
        ticket = self._tick()
        while True:
            with self._lock:
                flight = self._flights.get(key)
                leads = flight is None
                if flight is None:
                    flight = self._flights[key] = Flight(self._tick)
            if leads:
                return self._lead(key, flight, lead)
            waiting()
            with span("wait", "flight", key):
                is_done = flight.done.wait(PATIENCE)
            if not is_done:
                return lead(Flight(self._tick))
            if flight.serves(ticket, strict=strict):
                if flight.error is not None:
                    raise flight.error
                return flight.result

    def _lead(self, key: str, flight: Flight, lead: Callable[[Flight], Any]) -> Any:
        try:
            with _holding(key):
                flight.result = lead(flight)
        except BaseException as error:
            flight.error = error
            raise
        else:
            return flight.result
        finally:
            with self._lock:
                self._flights.pop(key, None)
            flight.done.set()

    def _tick(self) -> int:
        return next(self._count)


@contextmanager
def _holding(key: str) -> Iterator[None]:
    token = _under_way.set(_under_way.get() | {key})
    try:
        yield
    finally:
        _under_way.reset(token)
