"""Work that nobody waits for: how long it takes, or whether there is any, shows in no answer."""

import threading
from collections.abc import Callable

_running: set[threading.Thread] = set()
# One that is known and not started yet cannot be waited for.
_starting = threading.Lock()


def do_aside(work: Callable[[], None]) -> None:
    """Start a function beside the caller; under gevent that is a greenlet. It must deal with its own errors."""
    thread = threading.Thread(target=_run, args=(work,), name="aside")
    with _starting:
        _running.add(thread)
        thread.start()


def wait_for_all(seconds: float) -> None:
    """Wait until what is under way is done, for at most so long each."""
    with _starting:
        under_way = list(_running)
    for thread in under_way:
        thread.join(seconds)


def _run(work: Callable[[], None]) -> None:
    try:
        work()
    finally:
        _running.discard(threading.current_thread())
