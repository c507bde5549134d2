"""Values in Redis: conditional stores, invalidation by tag, and leases; memory stands in front of it."""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from operator import attrgetter
from typing import Any, Literal, TypeVar

import msgspec
import redis

from application.caching import purges, scripts, signals
from application.caching.codec import FORMAT, Entry, Seal
from application.caching.connecting import (
    begin_order_anew,
    connect,
    connect_for_pushes,
    is_damage,
    push_channel,
    read_moment,
)
from application.caching.flights import Flights
from application.caching.guard import Guard
from application.caching.leases import DURATION, Grant, Lease
from application.caching.leasing import Leases
from application.caching.memory import Memory
from application.caching.names import Names
from application.caching.recording import Moment
from application.caching.releases import Releases
from application.caching.storing import NOTHING, Found, Stored, Storing
from application.measuring.timing import span
from application.measuring.windows import Windows

T = TypeVar("T")
Kind = Literal["changed", "withdrawn"]

KEYS_PER_TAG = 5_000
TAGS_REMEMBERED = 100_000
STALE_IF_ERROR = 24 * 60 * 60
"""Seconds for which the spare copy of a page may stand in for one that cannot be made."""
FOREVER_MS = 10 * 365 * 86_400_000
PAGE = "page"
TOO_LARGE = -1


class RedisStore:
    """What the engine needs of Redis, and what a process needs beside it: memory, flights, a guard, leases."""

    def __init__(self, url: str, prefix: str, seal: Seal, lifetime: int, memory_bytes: int) -> None:
        self.lifetime = lifetime
        self.seal = seal
        self.memory = Memory(memory_bytes)
        self.counters = self.memory.counters
        self.flights = Flights()
        self.client: redis.Redis = connect(url)
        self.windows = Windows(self.client, seal.key_for(b"names of figures"))
        self.push_client: redis.Redis = connect_for_pushes(url)
        self.channel = push_channel(self.client)
        self.releases = Releases(self.client, seal.release, prefix)
        self._guard = Guard(self.client, self.memory.distrust, self._recovered)
        self.ask, self.check, self.breaker = self._guard.ask, self._guard.check, self._guard.breaker
        self._fetch = self.client.register_script(scripts.FETCH)
        self._store = self.client.register_script(scripts.STORE)
        self._replace = self.client.register_script(scripts.REPLACE)
        # Readers in line must not keep a writer waiting, nor those who compute what they wait for.
        urgent = connect(url)
        self._invalidate = urgent.register_script(scripts.INVALIDATE)
        self._leases = Leases(self.client, urgent, self._guard, self.releases.leases)
        self.take, self.release = self._leases.take, self._leases.release
        self.rejected = 0

    @property
    def names(self) -> Names:
        """Return what values are called by now."""
        return self.releases.names

    def reject(self, key: str) -> None:
        """Count a value that is not believed: foreign, damaged, or of another release."""
        self.rejected += 1
        self.counters.note(key, "rejected")

    def fetch(self, key: str, lease: Lease | None = None, *, page: bool = False, fresh: bool = False) -> Found:
        """Look a value up, and take the lease when there is none; the moment is read in the same step.

        So the moment is never newer than the value; and never newer than what memory knows, since parts may be taken
        from there, unless memory is looked past (`fresh`).
        """
        applied = self.memory.moment
        names = [self.names.prefix + key, self.releases.leases + key]
        arguments = ["hash" if page else "string", lease.token if lease else "", int(DURATION * 1000), key]
        asking = lease if self.breaker.is_closed else None
        raw: Any = self._minding(lambda: self._fetch(keys=names, args=arguments), "fetch", key)
        if raw is None:
            self._leases.doubt(asking)
            return NOTHING
        found = self._found(key, raw)
        if lease and found.lease is Grant.GRANTED:
            self._leases.keeper.hold(lease)
        if found.moment and found.moment.epoch == applied.epoch and found.moment.sequence < applied.sequence:
            return Found(self._begin_anew("counts backwards"), lease=found.lease)
        if fresh or not self.memory.is_trusted or found.moment is None:
            return found
        if found.moment.epoch != self.memory.epoch:
            # Emptied, say: no push tells that, and until the listener begins again memory takes nothing in.
            self.memory.distrust()
        if found.moment.epoch != applied.epoch:
            return found
        return replace(found, moment=min(found.moment, applied, key=attrgetter("sequence")))

    def store(self, *wishes: Storing) -> list[Stored]:
        """Store values in one round trip, each unless it is out of date by now, and give their leases back."""
        if not wishes:
            return []
        calls = [self._call_for(wish) for wish in wishes]
        keys = ", ".join(wish.key for wish in wishes)
        tags = {tag for wish in wishes for tag in wish.tags}
        answers = self._minding(lambda: self._store_all(calls), "store", keys, tags) or [None] * len(wishes)
        outcomes = [self._stored(answer, tags) for answer in answers]
        for wish, outcome in zip(wishes, outcomes, strict=True):
            if outcome is Stored.YES:
                self._leases.keeper.let_go(wish.lease)
                wish.done()
                continue
            if outcome is Stored.REFUSED:
                self.counters.note(wish.key, "refused")
            if wish.is_deferred:
                self.release(wish.lease)
        return outcomes

    def _store_all(self, calls: list[tuple[list[str], list[Any]]]) -> list[Any]:
        if len(calls) == 1:
            return [self._store(keys=calls[0][0], args=calls[0][1])]
        with self.client.pipeline(transaction=False) as pipe:
            for names, arguments in calls:
                # A pipeline asks first whether Redis knows a registered script: one more round trip for each page.
                pipe.evalsha(self._store.sha, len(names), *names, *arguments)
            answers: list[Any] = pipe.execute(raise_on_error=False)
        if any(isinstance(answer, redis.exceptions.NoScriptError) for answer in answers):
            self.client.script_load(scripts.STORE)
            return self._store_all(calls)
        return answers

    def _call_for(self, wish: Storing) -> tuple[list[str], list[Any]]:
        tags = tuple(sorted(wish.tags))
        moment, release, lifetime = wish.moment, self.seal.release, self.lifetime_ms(wish.timeout)
        raw = msgspec.Raw(wish.value)
        entry = Entry(FORMAT, release, moment.epoch, wish.type, moment.sequence, lifetime, tags, raw)
        fields: list[Any] = [self.seal.close(wish.key, entry)]
        for name, body in (wish.bodies or {}).items():
            fields += [name, body]
        if wish.bodies:
            fields.insert(0, PAGE)
        spare = STALE_IF_ERROR * 1000 if wish.bodies else 0
        arguments: list[Any] = [moment.epoch, moment.sequence, lifetime, KEYS_PER_TAG, spare]
        arguments += [wish.key, wish.lease.token, len(fields), *fields, *tags]
        names, lease = self.names, self.releases.leases + wish.key
        return [names.prefix + wish.key, lease, names.spares + wish.key], arguments

    def _stored(self, answer: Any, tags: Iterable[str]) -> Stored:
        if isinstance(answer, redis.RedisError):
            self._guard.note_failure(answer)
            self._mend(answer, tags)
        if answer is None or isinstance(answer, Exception) or answer == TOO_LARGE:
            return Stored.UNAVAILABLE
        return Stored.YES if answer == 1 else Stored.REFUSED

    def spare(self, key: str) -> Found:
        """Look up the spare copy of a page."""
        name = self.names.spares + key

        def ask() -> list[Any]:
            with self.client.pipeline(transaction=False) as pipe:
                pipe.get("broadsheet:epoch")
                pipe.get("broadsheet:seq")
                pipe.hgetall(name)
                pipe.pttl(name)
                # It may be out of date: that is what it is for.
                return [*pipe.execute(), 0, 0]

        raw = self._guard.ask(ask, "spare", key)
        return NOTHING if raw is None else self._found(key, raw)

    def replace_body(self, key: str, found: Found, value: bytes, encoding: str, body: bytes) -> bool:
        """Exchange one encoding of a stored page, whose envelope says `value` from now on; False when it has gone."""
        assert found.entry is not None  # noqa: S101 - nothing to replace otherwise
        before = self.seal.close(key, found.entry)
        after = self.seal.close(key, msgspec.structs.replace(found.entry, value=msgspec.Raw(value)))
        name = self.names.prefix + key
        arguments: list[Any] = [before, after, encoding, body]
        return self._guard.ask(lambda: self._replace(keys=[name], args=arguments), "replace", key) == 1

    def lifetime_ms(self, timeout: int | None) -> int:
        """Return a lifetime in ms; 0 stands for no end, None for the default."""
        return (self.lifetime if timeout is None else timeout) * 1000 or FOREVER_MS

    def read_moment(self) -> Moment | None:
        """Return where the order of things stands now."""
        return self._guard.ask(lambda: read_moment(self.client), "moment")

    def invalidate(self, tags: Iterable[str], kind: Kind = "changed") -> Moment | None:
        """Forget everything made from these tags, here at once; None when Redis could not be told.

        It is tried whatever the breaker says, and once more: forgetting twice does no harm.
        """
        told, before, names = sorted(set(tags)), self.memory.moment, self.names
        arguments: list[Any] = [secrets.token_hex(8), TAGS_REMEMBERED, kind, self.channel, purges.writer()]
        arguments += [names.base, names.prefix]
        for _ in range(2):
            try:
                with span("cache", "redis invalidate", ", ".join(told)):
                    epoch, sequence, cold = self._invalidate(args=[*arguments, *told])
            except redis.RedisError as error:
                self._guard.note_failure(error)
                self._mend(error, told)
            else:
                moment = Moment(epoch.decode(), int(sequence))
                if moment.epoch == before.epoch and moment.sequence <= before.sequence:
                    self._begin_anew("counts backwards")
                    continue
                if not self.memory.apply(moment.epoch, moment.sequence, told, own=True):
                    self.memory.distrust()
                if cold:
                    signals.cooled.send(self)
                return moment
        self.memory.distrust()
        # Redis may answer reads and yet refuse this: what it keeps is not believed before it has been told.
        self.breaker.trip()
        self._guard.heal()
        return None

    def _found(self, key: str, raw: list[Any]) -> Found:
        epoch, sequence, value, pttl, granted, changed = raw
        lease = Grant(granted) if value is None else None
        if epoch is None:
            # Emptied under our hands: name a new epoch, so that this computation can be stored.
            return Found(self.read_moment(), lease=lease)
        try:
            moment = Moment(epoch.decode(), int(sequence or 0))
        except ValueError:
            return Found(self._begin_anew("has no order"), lease=lease)
        if value is None or value == {}:
            return Found(moment, lease=lease)
        # A hash comes as a flat list from a script, as a dictionary from the client.
        bodies = dict(zip(value[::2], value[1::2], strict=True)) if isinstance(value, list) else value
        sealed = bodies.pop(PAGE.encode(), b"") if isinstance(bodies, dict) else bodies
        entry = self._opened(key, sealed)
        if entry is None or entry.epoch != moment.epoch or entry.sequence < changed:
            return Found(moment)
        try:
            named = {name.decode(): body for name, body in bodies.items()} if isinstance(bodies, dict) else {}
        except UnicodeDecodeError:
            self.reject(key)
            return Found(moment)
        return Found(moment, entry, named, max(0, pttl), lease)

    def _recovered(self) -> None:
        """Learn what values are called; the rooms above, who know this cache by the sender, tell what is untold."""
        self.releases.look_if_possible()
        self._leases.settle_doubts()
        signals.recovering.send(self)

    def _begin_anew(self, reason: str, tags: Iterable[str] = ()) -> Moment | None:
        """Forget all order in Redis, so that nothing stored before is believed, here or in any other process.

        A number that goes backwards within one epoch means that changes were forgotten: a snapshot was put in place
        without a restart, or somebody deleted what they did not know.
        """
        self._guard.say_at_times(f"Redis {reason}, so nothing that it keeps is believed")
        self.memory.distrust()
        return self._guard.ask(lambda: begin_order_anew(self.client, self.channel, tags))

    def _mend(self, error: object, tags: Iterable[str] = ()) -> None:
        """Begin the order anew if an error says that it is damaged."""
        if is_damage(error):
            self._begin_anew("has lost the order of changes", tags)

    def _minding(self, call: Callable[[], T], what: str, of: str, tags: Iterable[str] = ()) -> T | None:
        """Ask, and mend what is found damaged; afterwards, since mending takes a turn of its own."""
        refusals: list[redis.ResponseError] = []

        def minded() -> T:
            try:
                return call()
            except redis.ResponseError as error:
                refusals.append(error)
                raise

        answer = self._guard.ask(minded, what, of)
        for error in refusals:
            self._mend(error, tags)
        return answer

    def _opened(self, key: str, sealed: bytes) -> Entry | None:
        try:
            entry = self.seal.open(key, sealed)
        except msgspec.MsgspecError:
            entry = None
        if entry is None:
            self.reject(key)
        return entry
