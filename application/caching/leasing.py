"""Leases in Redis: asked for, given back, and renewed while their holders live."""

import functools
from collections import deque
from typing import Any

import redis

from application.caching import scripts
from application.caching.guard import Guard
from application.caching.leases import DURATION, Grant, Keeper, Lease

_DURATION_MS = int(DURATION * 1000)
IN_DOUBT = 500
"""Leases that may be held in vain; the oldest of more end by themselves."""


class Leases:
    """The leases of one process, whose names begin with `prefix`.

    `urgent` has connections of its own: readers in line must not keep it waiting.
    """

    def __init__(self, client: redis.Redis, urgent: redis.Redis, guard: Guard, prefix: str) -> None:
        self._guard = guard
        self._prefix = prefix
        self._take = client.register_script(scripts.TAKE_LEASE)
        self._release = client.register_script(scripts.RELEASE)
        self._renew = urgent.register_script(scripts.RENEW)
        self.keeper = Keeper(self._renew_all)
        self._in_doubt: deque[Lease] = deque(maxlen=IN_DOUBT)

    def take(self, lease: Lease) -> Grant:
        """Ask for a lease."""
        call = functools.partial(self._take, keys=[self._prefix + lease.key], args=[lease.token, _DURATION_MS])
        asking = lease if self._guard.breaker.is_closed else None
        answer = self._guard.ask(call, "lease", lease.key)
        if answer is None:
            self.doubt(asking)
        granted = Grant.UNAVAILABLE if answer is None else Grant(answer)
        if granted is Grant.GRANTED:
            self.keeper.hold(lease)
        return granted

    def release(self, lease: Lease) -> None:
        """Give a lease back, if it is still held."""
        if lease.held:
            self.keeper.let_go(lease)
            call = functools.partial(self._release, keys=[self._prefix + lease.key], args=[lease.token])
            if self._guard.ask(call, "release", lease.key) is None:
                self.doubt(lease)

    def doubt(self, lease: Lease | None) -> None:
        """Note a lease, if any, that Redis may have granted, or may still have, without anybody here who computes.

        A Redis that was held up does what it was asked for before, on waking: nobody hears of it any more.
        """
        if lease is not None:
            self._in_doubt.append(lease)

    def settle_doubts(self) -> None:
        """Give back whatever is in doubt, so that no reader waits for nobody. Raises `redis.RedisError`."""
        while self._in_doubt:
            lease = self._in_doubt[0]
            self._release(keys=[self._prefix + lease.key], args=[lease.token])
            self._in_doubt.popleft()

    def _renew_all(self, leases: list[Lease]) -> None:
        if not self._guard.breaker.is_closed:
            return
        arguments: list[Any] = [_DURATION_MS, *(lease.token for lease in leases)]
        try:
            self._renew(keys=[self._prefix + lease.key for lease in leases], args=arguments)
        except redis.RedisError as error:
            self._guard.note_failure(error)
