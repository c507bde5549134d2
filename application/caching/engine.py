"""Through memory and Redis to a computation, of which there is one at a time: the way of cached functions."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic, perf_counter_ns, sleep
from typing import Any

from application.caching import recording, signals
from application.caching.backend import RedisBackend
from application.caching.codec import MISSING, UncacheableError
from application.caching.counters import family_of
from application.caching.flights import Flight
from application.caching.leases import Grant, Lease
from application.caching.memory import Kept
from application.caching.policy import Policy, soft_lifetime
from application.caching.recording import Moment, Recording, record
from application.caching.storing import Found, Stored, Storing
from application.measuring import figures
from application.measuring.timing import current, span

logger = logging.getLogger(__name__)

ATTEMPTS = 3
"""How often an answer is made when writes keep overtaking it; the last time from the database alone."""
POLL = 0.01
"""Seconds between two looks for what another process is computing."""
PATIENCE = 30.0
"""Seconds after which a process stops waiting for another's lease to end."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A value with what it was made from, for all who share it."""

    value: Any
    tags: frozenset[str]
    moment: Moment | None
    unstorable: str = ""
    overtaken: bool = False
    how: str = "miss"
    """Where it came from: `hit process`, `hit redis`, `stale` or `miss`."""


class Engine:
    """What stands between a cached function and its computation."""

    def __init__(self, backend: RedisBackend, complain: Callable[[str, UncacheableError], None]) -> None:
        self.backend = backend
        self.memory = backend.memory
        self._complain = complain

    def through(self, policy: Policy, compute: Callable[[], Any], announce: Callable[[str], None]) -> Any:
        """Return the value under the policy's key, computed and stored when there is none."""
        with span("fragment" if policy.inherits else "cached", family_of(policy.key)) as this:
            outcome = self._find(policy, compute, announce)
            this.note = f"{outcome.how}: {policy.key}"
        return outcome.value

    def _find(self, policy: Policy, compute: Callable[[], Any], announce: Callable[[str], None]) -> Outcome:
        around = recording.current()
        fresh = around is not None and around.fresh
        outcome = _made_on_the_way(policy, around)
        if outcome is None and not (fresh or policy.forced):
            outcome = self._remembered(policy, compute)
        if outcome is None:
            outcome = self._share(policy, compute, fresh=fresh)
        # A value in memory counts its own hits.
        if outcome.how != "hit process" and _is_awaited():
            self.backend.counters.note(policy.key, outcome.how)
        announce("miss" if outcome.how == "miss" else "hit")
        if around is not None:
            around.inherit(outcome.tags, outcome.moment, outcome.unstorable, overtaken=outcome.overtaken)
        return outcome

    def _remembered(self, policy: Policy, compute: Callable[[], Any]) -> Outcome | None:
        """Return what memory has; past its soft lifetime one caller refreshes it while the others get it as it is."""
        # The moment is read first: what is pushed in between makes it older than it need be, never newer.
        moment = self.memory.moment
        with span("cache", "process", policy.key):
            kept = self.memory.get(policy.key)
        if kept is None:
            return None
        value = policy.codec.decode(kept.value) if isinstance(kept.value, bytes) else kept.value
        if policy.is_stale and policy.is_stale(value):
            return None
        old = Outcome(value, kept.tags, moment, how="hit process")
        if monotonic() >= kept.soft_at:
            return self._refreshed(policy, compute, old)
        kept.hits += _is_awaited()
        return old

    def _share(self, policy: Policy, compute: Callable[[], Any], *, fresh: bool) -> Outcome:
        def lead(flight: Flight) -> Outcome:
            return self._lead(flight, policy, compute, fresh=fresh)

        if policy.forced:
            return lead(Flight(lambda: 0))
        shared: Outcome = self.backend.flights.share(policy.key, lead, self._let_go, strict=fresh)
        return shared

    def _lead(self, flight: Flight, policy: Policy, compute: Callable[[], Any], *, fresh: bool) -> Outcome:
        lease = Lease(policy.key)
        try:
            flight.begin()
            found = self.backend.fetch(policy.key, lease, fresh=fresh)
            hit = self._hit(policy, found)
            end = monotonic() + PATIENCE
            while hit is None and self._another_computes(found, lease) and monotonic() < end:
                self._let_go()
                with span("wait", "lease", policy.key):
                    sleep(POLL)
                flight.begin()
                found = self.backend.fetch(policy.key, lease, fresh=fresh)
                hit = self._hit(policy, found)
            if hit is None:
                return self._compute(flight, policy, compute, found.moment, lease, fresh=fresh)
            self._remember(policy, hit, found.pttl / 1000)
            self._may_be_shared(flight, policy.key, hit)
            if self._is_due(policy, found):
                return self._refreshed(policy, compute, hit)
            return hit
        finally:
            if not lease.is_deferred:
                self.backend.release(lease)

    def _another_computes(self, found: Found, lease: Lease) -> bool:
        if found.moment is None or lease.held:
            return False
        granted = self.backend.take(lease) if found.lease is None else found.lease
        return granted is Grant.TAKEN

    def _hit(self, policy: Policy, found: Found) -> Outcome | None:
        if found.entry is None or policy.forced:
            return None
        value = policy.codec.value_of(found.entry)
        if value is MISSING:
            self.backend.reject(policy.key)
            return None
        if policy.is_stale and policy.is_stale(value):
            return None
        return Outcome(value, frozenset(found.entry.tags), found.moment, how="hit redis")

    def _is_due(self, policy: Policy, found: Found) -> bool:
        hard = self.backend.lifetime_ms(policy.timeout) / 1000
        return hard - found.pttl / 1000 >= soft_lifetime(hard, policy.fresh)

    def _refreshed(self, policy: Policy, compute: Callable[[], Any], old: Outcome) -> Outcome:
        """Return the value made anew if nobody else is at it, else the old one; that one too if it cannot be made."""
        lease, old = Lease(policy.key), replace(old, how="stale")
        if self.backend.take(lease) is not Grant.GRANTED:
            return old
        try:
            # Another may have refreshed it between the look at it and the lease.
            found = self.backend.fetch(policy.key)
            hit = self._hit(policy, found)
            if hit is not None and not self._is_due(policy, found):
                self._remember(policy, hit, found.pttl / 1000)
                return hit
            return self._compute(Flight(lambda: 0), policy, compute, found.moment, lease, fresh=False)
        except Exception:
            # It lives on until its hard lifetime ends, and the next caller tries again.
            logger.exception("%s could not be refreshed", policy.key)
            return old
        finally:
            if not lease.is_deferred:
                self.backend.release(lease)

    def _compute(
        self,
        flight: Flight,
        policy: Policy,
        compute: Callable[[], Any],
        moment: Moment | None,
        lease: Lease,
        *,
        fresh: bool,
    ) -> Outcome:
        around = recording.current()
        nested = around is not None and not around.ambient
        attempts = 1 if nested or policy.inherits else ATTEMPTS
        for attempt in range(attempts):
            flight.begin()
            if attempt > 0:
                # A push that is late here would have the same parts refused again: memory is looked past.
                fresh = True
                moment = self.backend.fetch(policy.key, fresh=True).moment
            uncached = moment is None or 0 < attempt == attempts - 1
            mine = Recording(moment, set(policy.tags), uncached=uncached, fresh=fresh)
            if attempts > 1:
                # A snapshot older than the moment would be stored as if it were of the moment.
                signals.computing.send(self)
            if around is not None and (nested or policy.inherits):
                # What stands around it began earlier, and so did its view of the database.
                mine.read((), around.moment)
            if nested:
                assert around is not None  # noqa: S101 - it is nested in something
                mine.parts = around.parts
            try:
                with record(mine):
                    value = self._made(policy, compute)
            except BaseException:
                self._store_parts(mine, nested=nested)
                raise
            if mine.uncached or mine.unstorable or not policy.may_store(value):
                self._store_parts(mine, nested=nested)
                break
            if mine.overtaken:
                self._store_parts(mine, nested=nested)
            elif self._store(policy, mine, value, lease, nested=nested):
                self._may_be_shared(flight, policy.key, _outcome(mine, value))
                break
        return _outcome(mine, value)

    def _made(self, policy: Policy, compute: Callable[[], Any]) -> Any:
        """Compute, and count what that took."""
        started = perf_counter_ns()
        value = compute()
        kind = figures.MADE if _is_awaited() else figures.MADE_AHEAD
        figures.process.add(kind, family_of(policy.key), perf_counter_ns() - started)
        return value

    def _store_parts(self, mine: Recording, *, nested: bool) -> None:
        """Store what was made on the way to something that is not stored itself."""
        if not nested and mine.parts:
            self.backend.store(*mine.parts)
            mine.parts.clear()

    def _store(self, policy: Policy, mine: Recording, value: Any, lease: Lease, *, nested: bool) -> bool:
        """Store a value with its parts, or leave it to what it is a part of; True when trying again would not help."""
        try:
            encoded = policy.codec.encode(value)
        except UncacheableError as error:
            self._store_parts(mine, nested=nested)
            self._complain(policy.key, error)
            return True
        # The moment by now is that of the oldest part: the value is no truer than that.
        assert mine.moment is not None  # noqa: S101 - without one it is uncached
        outcome = _outcome(mine, value)

        def done() -> None:
            self._remember(policy, outcome, self.backend.lifetime_ms(policy.timeout) / 1000, encoded)

        wish = Storing(policy.key, mine.moment, encoded, policy.codec.name, outcome.tags, policy.timeout, lease, done)
        if nested:
            wish.made = outcome
            wish.is_deferred = lease.is_deferred = True
            mine.parts.append(wish)
            return True
        stored = self.backend.store(*mine.parts, wish)[-1]
        return stored is not Stored.REFUSED

    def _remember(self, policy: Policy, outcome: Outcome, left: float, encoded: bytes | None = None) -> None:
        """Keep a value in memory for as long as Redis does."""
        if not self.memory.is_trusted or outcome.moment is None:
            return
        encoded = policy.codec.encode(outcome.value) if encoded is None else encoded
        value = outcome.value if policy.codec.is_shareable else encoded
        hard = self.backend.lifetime_ms(policy.timeout) / 1000
        soft = soft_lifetime(hard, policy.fresh) - (hard - left)
        # An object takes several times the room of its JSON.
        kept = Kept(policy.key, value, outcome.tags, len(encoded) * 3, hard - left, soft, left)
        self.memory.put(kept, outcome.moment)

    def _may_be_shared(self, flight: Flight, key: str, outcome: Outcome) -> None:
        """Let those share it, too, who came while it was computed, unless a change arrived before they did."""
        moment = outcome.moment
        if moment is not None:
            flight.holds = lambda: self.memory.is_trusted and self.memory.is_current(key, outcome.tags, moment)

    def _let_go(self) -> None:
        """Hold nothing while waiting that whoever is waited for may need: leases of parts, the database."""
        around = recording.current()
        if around is not None and around.parts:
            self.backend.store(*around.parts)
            around.parts.clear()
        signals.computing.send(self)


def _is_awaited() -> bool:
    """Tell whether this is for a reader: what jobs and refreshes look up says nothing of how readers are served."""
    whole = current()
    return whole is None or whole.is_awaited


def _made_on_the_way(policy: Policy, around: Recording | None) -> Outcome | None:
    """Return what was made a moment ago for the same whole, with which it is yet to be stored."""
    if around is None or policy.forced:
        return None
    return next((wish.made for wish in around.parts if wish.key == policy.key), None)


def _outcome(mine: Recording, value: Any) -> Outcome:
    return Outcome(value, frozenset(mine.tags), mine.moment, mine.unstorable, mine.overtaken)
