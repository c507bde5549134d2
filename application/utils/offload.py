"""Slow pure work, done beside the event loop of a gevent worker."""

import contextvars
import os
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar
from weakref import WeakValueDictionary

from gevent.lock import BoundedSemaphore
from gevent.monkey import is_module_patched
from gevent.threadpool import ThreadPool

P = ParamSpec("P")
R = TypeVar("R")


TURN = 0.0005
"""Seconds after which a thread that computes lets the loop go on. With Python's own 5 ms the loop waits that long after
every call that lets go of the interpreter: measured at up to 120 ms for a page that asks Redis some times meanwhile,
and half of it with this."""


def take_short_turns() -> None:
    """Let the threads of this process take turns as often as a loop beside them needs it."""
    sys.setswitchinterval(TURN)


class TooBusyError(RuntimeError):
    """More work of this kind waits already than can be done soon."""

    retry_after = 10


class Threads:
    """A few threads for one kind of work, so that one kind cannot keep another waiting; at most `waiting` in line."""

    def __init__(self, count: int, waiting: int) -> None:
        self._count = count
        self._waiting = waiting
        self._pools: dict[int, ThreadPool] = {}
        self._in_line = 0

    def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a function in a thread where gevent rules, else at once; its result or error comes back.

        Context variables go with it. It must not touch the database session or a socket, which belong to the
        greenlet. Raises `TooBusyError`.
        """
        if not is_module_patched("threading"):
            return function(*args, **kwargs)
        if self._in_line >= self._waiting:
            raise TooBusyError
        outcome: list[R] = []
        error: list[BaseException] = []
        context = contextvars.copy_context()

        def work() -> None:
            # The hub prints the traceback of an error that leaves a pool's thread; here it is the caller's.
            try:
                outcome.append(context.run(function, *args, **kwargs))
            except BaseException as raised:  # noqa: BLE001 - the caller raises it again
                error.append(raised)

        self._in_line += 1
        try:
            self._pool().apply(work)
        finally:
            self._in_line -= 1
        if error:
            raise error[0]
        return outcome[0]

    def _pool(self) -> ThreadPool:
        """Return the pool of this process; one that was forked has none of its parent's threads."""
        process = os.getpid()
        if process not in self._pools:
            self._pools[process] = ThreadPool(self._count)
        return self._pools[process]


# More threads than processors would only take turns away from the loop.
_TEXTS = Threads(os.cpu_count() or 1, waiting=200)
run_in_thread = _TEXTS.run

PATIENCE = 20.0
"""Seconds that somebody waits for their own work before."""

_turns: WeakValueDictionary[object, BoundedSemaphore] = WeakValueDictionary()


def run_in_turn(who: object, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a function in a thread as `run_in_thread` does, but one at a time of each person: the others' go on.

    Raises `TooBusyError` for one whose own work before does not end.
    """
    if not is_module_patched("threading"):
        return function(*args, **kwargs)
    turn = _turns.get(who) or _turns.setdefault(who, BoundedSemaphore())
    if not turn.acquire(timeout=PATIENCE):
        raise TooBusyError
    try:
        return run_in_thread(function, *args, **kwargs)
    finally:
        turn.release()


passwords = Threads(max(1, (os.cpu_count() or 1) // 2), waiting=40)
"""bcrypt takes a quarter of a second by design: forty in line are ten seconds, and strangers can ask for them."""

compression = Threads(1, waiting=1000)
"""What a reader of a long page waits for, whoever signs in meanwhile."""
