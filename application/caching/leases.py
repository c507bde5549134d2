"""One computation at a time over all processes: a lease in Redis, renewed while its holder lives."""

import os
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from time import monotonic, sleep

DURATION = 3.0
"""Seconds after which the lease of a holder who died is free again."""
RENEWAL = 0.5
"""Seconds between two renewals: a process whose loop is late by two seconds, as a crowd makes it, keeps its leases."""
IDLE = 6
"""Renewals without any lease after which the thread ends."""
LONGEST = 60.0
"""Seconds after which a holder counts as dead although its process lives: a computation that hangs."""


class Grant(Enum):
    """What Redis said to the wish for a lease."""

    GRANTED = 1
    TAKEN = 0
    UNAVAILABLE = -1
    """No room, or no Redis: then everybody computes, rather than nobody."""


@dataclass(slots=True)
class Lease:
    """A wish for the right to compute one key; `token` tells whose it is."""

    key: str
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    held: bool = False
    since: float = 0.0
    is_deferred: bool = False
    """Whether it is held until the whole that its value is a part of is stored."""


class Keeper:
    """Renews the leases that this process holds, in a thread that ends soon after the last of them."""

    def __init__(self, renew: Callable[[list[Lease]], object]) -> None:
        self._renew = renew
        self._held: dict[str, Lease] = {}
        self._lock = threading.Lock()
        self._runs_in: int | None = None
        self._idle = 0

    def hold(self, lease: Lease) -> None:
        """Renew this lease from now on."""
        lease.held, lease.since = True, monotonic()
        with self._lock:
            self._held[lease.token] = lease
            # A process that was forked has none of its parent's threads.
            if self._runs_in == os.getpid():
                return
            self._runs_in = os.getpid()
        threading.Thread(target=self._run, name="cache-leases", daemon=True).start()

    def let_go(self, lease: Lease) -> None:
        """Renew it no more."""
        lease.held = False
        self._held.pop(lease.token, None)

    def _run(self) -> None:
        try:
            while self._goes_on():
                sleep(RENEWAL)
                self._look()
        except BaseException:
            # The next lease has another thread.
            with self._lock:
                self._runs_in = None
            raise

    def _look(self) -> None:
        now = monotonic()
        for lease in list(self._held.values()):
            if now - lease.since > LONGEST:
                self.let_go(lease)
        # A crowd may hold hundreds: one after the other they would run out meanwhile.
        if held := list(self._held.values()):
            self._renew(held)
        self._idle = 0 if held else self._idle + 1

    def _goes_on(self) -> bool:
        """Tell whether to look once more; a thread for every lease would cost more than one that waits for the next."""
        with self._lock:
            if self._held or self._idle < IDLE:
                return True
            self._runs_in, self._idle = None, 0
            return False
