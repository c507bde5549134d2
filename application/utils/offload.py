"""Slow pure work, done beside the event loop of a gevent worker."""

import contextvars
import os
from collections.abc import Callable
from functools import cache
from typing import ParamSpec, TypeVar

from gevent.monkey import is_module_patched
from gevent.threadpool import ThreadPool

P = ParamSpec("P")
R = TypeVar("R")


def run_in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a function in a thread where gevent rules, else at once; its result or error comes back.

    Context variables go with it. It must not touch the database session or a socket, which belong to the greenlet.
    """
    if not is_module_patched("threading"):
        return function(*args, **kwargs)
    outcome: list[R] = []
    error: list[BaseException] = []
    context = contextvars.copy_context()

    def work() -> None:
        # The hub prints the traceback of an error that leaves a pool's thread; here it is the caller's.
        try:
            outcome.append(context.run(function, *args, **kwargs))
        except BaseException as raised:  # noqa: BLE001 - the caller raises it again
            error.append(raised)

    _pool(os.getpid()).apply(work)
    if error:
        raise error[0]
    return outcome[0]


@cache
def _pool(_process: int) -> ThreadPool:
    """Return the pool of this process: more threads than processors would only take turns away from the loop."""
    return ThreadPool(os.cpu_count() or 1)
