"""Slow pure work, done beside the event loop of a gevent worker."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import gevent
from gevent.monkey import is_module_patched

P = ParamSpec("P")
R = TypeVar("R")


def run_in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a function in gevent's threadpool where gevent rules, else at once; its result or error comes back.

    The function must not touch the request, the database session or anything else that belongs to a greenlet.
    """
    if not is_module_patched("threading"):
        return function(*args, **kwargs)
    outcome: list[R] = []
    error: list[BaseException] = []

    def work() -> None:
        # The hub prints the traceback of an error that leaves a pool's thread; here it is the caller's.
        try:
            outcome.append(function(*args, **kwargs))
        except BaseException as raised:  # noqa: BLE001 - the caller raises it again
            error.append(raised)

    gevent.get_hub().threadpool.apply(work)
    if error:
        raise error[0]
    return outcome[0]
