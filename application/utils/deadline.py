"""A bound on waiting for somebody at the other end of a socket."""

from collections.abc import Iterator
from contextlib import contextmanager

from gevent import Timeout
from gevent.monkey import is_module_patched


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Bound how long a block may take where gevent rules; elsewhere it takes what it takes. Raises `TimeoutError`."""
    if not is_module_patched("socket"):
        yield
        return
    timeout = Timeout(seconds)
    try:
        with timeout:
            yield
    except Timeout as passed:
        # As `TimeoutError`, an OSError, it would be taken for a broken line by whoever reads inside the block.
        if passed is not timeout:
            raise
        raise TimeoutError from None
