"""How a whole page is come by: from memory, from Redis, from whoever makes it now, or by rendering it."""

import logging
import threading
from collections import deque
from dataclasses import replace
from http import HTTPStatus
from io import BytesIO
from time import monotonic, perf_counter_ns, sleep
from typing import TYPE_CHECKING

import msgspec

from application.caching import encodings, signals
from application.caching.backend import RedisBackend
from application.caching.counters import family_of
from application.caching.engine import ATTEMPTS, PATIENCE, POLL
from application.caching.flights import Flight
from application.caching.leases import Grant, Lease
from application.caching.memory import Kept
from application.caching.pages import PAGE_TYPE, Rendered, Sendable, opened, page_of, render, unstorable
from application.caching.policy import soft_lifetime
from application.caching.recording import Moment, Recording, record
from application.caching.seen import View
from application.caching.storing import Found, Stored, Storing
from application.caching.wanted import Answer, Wanted
from application.measuring import figures
from application.measuring.timing import measuring, span

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

ABSENT_TTL = 20.0
"""Seconds for which memory knows that there is no such page; Redis holds none of these."""
ABSENT_REMEMBERED = 500
"""How many of these memory knows: made-up addresses must not drive out pages that are there."""
logger = logging.getLogger(__name__)


class PageMaker:
    """Finds a page or makes it, once for everybody who asks meanwhile."""

    def __init__(self, app: "WSGIApplication", backend: RedisBackend | None) -> None:
        self.app = app
        self.backend = backend
        self._absent: deque[str] = deque()

    def answer(self, wanted: Wanted, view: View) -> Answer:
        """Return what everybody gets who asks for this page, or what this reader gets who must not see a tier."""
        backend = self.backend
        if backend is None or view is View.DATABASE:
            return self._from_database(wanted, "bypass redis" if backend is None else "bypass write")
        if view is View.ANY:
            with span("cache", "process", wanted.key):
                kept = backend.memory.get(wanted.key)
            if kept is not None:
                return self._remembered(backend, wanted, kept)

        def lead(flight: Flight) -> Answer:
            return self._lead(backend, flight, wanted)

        shared: Answer = backend.flights.share(wanted.key, lead, lambda: None, strict=wanted.fresh)
        return shared

    def refill(self, wanted: Wanted, *, anew: bool = False) -> str:
        """Make a page that is missing or due, or any page anew, unless somebody is at it; say what happened."""
        backend = self.backend
        if backend is None:
            return "bypass redis"
        lease = Lease(wanted.key)
        try:
            found = backend.fetch(wanted.key, lease, page=True)
            page = self._opened(backend, wanted, found)
            if page is not None and not anew and not self._is_due(wanted, found):
                return "hit redis"
            if not lease.held and (grant := backend.take(lease)) is not Grant.GRANTED:
                return "bypass lease" if grant is Grant.TAKEN else "bypass redis"
            return self._make(backend, Flight(lambda: 0), wanted, found.moment, lease).outcome
        finally:
            backend.release(lease)

    def _remembered(self, backend: RedisBackend, wanted: Wanted, kept: Kept) -> Answer:
        age = monotonic() - kept.born_at
        if isinstance(kept.value, Rendered):
            return Answer("hit process", rendered=kept.value, age=age)
        if monotonic() < kept.soft_at:
            kept.hits += 1
            return Answer("hit process", kept.value, kept=kept, age=age)
        self._refresh(backend, wanted)
        return Answer("stale", kept.value, age=age)

    def _lead(self, backend: RedisBackend, flight: Flight, wanted: Wanted) -> Answer:
        """Look into Redis; wait for another process that makes the page; make it."""
        lease = Lease(wanted.key)
        try:
            flight.begin()
            found = backend.fetch(wanted.key, lease, page=True, fresh=wanted.fresh)
            page = self._opened(backend, wanted, found)
            end = monotonic() + PATIENCE
            while page is None and self._another_renders(backend, found, lease) and monotonic() < end:
                with span("wait", "lease", wanted.key):
                    sleep(POLL)
                flight.begin()
                found = backend.fetch(wanted.key, lease, page=True, fresh=wanted.fresh)
                page = self._opened(backend, wanted, found)
            if page is None:
                return self._make(backend, flight, wanted, found.moment, lease)
            return self._hit(backend, flight, wanted, found, page)
        finally:
            backend.release(lease)

    def _opened(self, backend: RedisBackend, wanted: Wanted, found: Found) -> Sendable | None:
        with span("decode", "page"):
            page = opened(found)
        if page is None and found.entry is not None:
            backend.reject(wanted.key)
        return page

    def _another_renders(self, backend: RedisBackend, found: Found, lease: Lease) -> bool:
        if found.moment is None or lease.held:
            return False
        granted = backend.take(lease) if found.lease is None else found.lease
        return granted is Grant.TAKEN

    def _hit(self, backend: RedisBackend, flight: Flight, wanted: Wanted, found: Found, page: Sendable) -> Answer:
        kept = self._keep(backend, flight, wanted, page, found.moment, found.lifetime, found.pttl / 1000)
        if not self._is_due(wanted, found):
            return Answer("hit redis", page, kept=kept, age=found.age)
        self._refresh(backend, wanted)
        return Answer("stale", page, age=found.age)

    def _is_due(self, wanted: Wanted, found: Found) -> bool:
        return found.age >= soft_lifetime(found.lifetime, wanted.policy.fresh)

    def _refresh(self, backend: RedisBackend, wanted: Wanted) -> None:
        """Render a page that is due behind its readers' backs, unless somebody is at it already."""
        lease = Lease(wanted.key)
        if backend.take(lease) is not Grant.GRANTED:
            return

        ahead = replace(wanted, ahead=True)

        def work() -> None:
            flight = Flight(lambda: 0)
            try:
                # Another may have refreshed it between the look at it and the lease.
                with measuring("refresh", family_of(wanted.key)):
                    self._make_if_due(backend, flight, ahead, lease)
            except Exception:
                # It lives on until its hard lifetime ends, and the next reader tries again.
                logger.exception("%s could not be refreshed", wanted.key)
            finally:
                backend.release(lease)

        threading.Thread(target=work, name="cache-refresh", daemon=True).start()

    def _make_if_due(self, backend: RedisBackend, flight: Flight, wanted: Wanted, lease: Lease) -> None:
        found = backend.fetch(wanted.key, page=True)
        page = self._opened(backend, wanted, found)
        if page is None or self._is_due(wanted, found):
            self._make(backend, flight, wanted, found.moment, lease)
        else:
            self._keep(backend, flight, wanted, page, found.moment, found.lifetime, found.pttl / 1000)

    def _make(
        self, backend: RedisBackend, flight: Flight, wanted: Wanted, moment: Moment | None, lease: Lease
    ) -> Answer:
        """Render until no write overtakes it, and store what came of it."""
        for attempt in range(ATTEMPTS):
            flight.begin()
            uncached = moment is None or attempt == ATTEMPTS - 1
            # In a job, or a second time, the view of the data may be older than the moment.
            signals.computing.send(self)
            # A push that is late here would have the same parts refused again: from now on memory is looked past.
            fresh = wanted.fresh or attempt > 0
            recording = Recording(moment, uncached=uncached, one_view=uncached, fresh=fresh)
            try:
                with record(recording):
                    answer = self._render(wanted)
            except BaseException:
                backend.store(*recording.parts)
                raise
            if recording.overtaken or unstorable(answer, recording):
                backend.store(*recording.parts)
            if answer.code >= HTTPStatus.INTERNAL_SERVER_ERROR and (spare := self._spare(backend, wanted)):
                return spare
            if refusal := unstorable(answer, recording):
                kept = self._remember_absence(backend, wanted, answer, recording)
                return Answer(f"bypass {refusal}", rendered=answer, kept=kept)
            if moment is None:
                return self._unstored(answer, "bypass redis")
            if uncached:
                return self._unstored(answer, "bypass race")
            stored = Stored.REFUSED
            if not recording.overtaken:
                made, stored, kept = self._store(backend, flight, wanted, recording, answer, lease)
            if stored is not Stored.REFUSED:
                return Answer("miss" if stored is Stored.YES else "bypass redis", made, kept=kept)
            moment = backend.fetch(wanted.key, page=True, fresh=True).moment
        raise AssertionError("the last attempt always answers")

    def _render(self, wanted: Wanted) -> Rendered:
        started = perf_counter_ns()
        answer = render(self.app, {**wanted.environ, "wsgi.input": BytesIO()})
        kind = figures.MADE_AHEAD if wanted.ahead else figures.MADE
        figures.process.add(kind, family_of(wanted.key), perf_counter_ns() - started)
        return answer

    def _store(
        self,
        backend: RedisBackend,
        flight: Flight,
        wanted: Wanted,
        recording: Recording,
        answer: Rendered,
        lease: Lease,
    ) -> tuple[Sendable, Stored, Kept | None]:
        with span("encode", "page"):
            bodies = encodings.encode_all(answer.body)
            page = page_of(answer, bodies)
        assert recording.moment is not None  # noqa: S101 - without one the page is not stored
        value = msgspec.json.encode(page)
        timeout = wanted.policy.timeout if recording.timeout is None else recording.timeout
        made = Sendable(page, bodies, tuple(recording.tags))
        wish = Storing(
            wanted.key, recording.moment, value, PAGE_TYPE, made.tags, timeout, lease, lambda: None, bodies=bodies
        )
        stored = backend.store(*recording.parts, wish)[-1]
        kept = None
        if stored is Stored.YES:
            hard = backend.lifetime_ms(timeout) / 1000
            kept = self._keep(backend, flight, wanted, made, recording.moment, hard, hard)
            signals.stored.send(self, key=wanted.key, timeout=timeout)
        return made, stored, kept

    def _keep(
        self,
        backend: RedisBackend,
        flight: Flight,
        wanted: Wanted,
        page: Sendable,
        moment: Moment | None,
        hard: float,
        left: float,
    ) -> Kept | None:
        """Keep a page in memory for as long as Redis does, and let those share it who came meanwhile."""
        memory = backend.memory
        if moment is None or not memory.is_trusted:
            return None
        tags = frozenset(page.tags)
        soft = soft_lifetime(hard, wanted.policy.fresh)
        kept = Kept(wanted.key, page, tags, page.size, hard - left, soft - (hard - left), left)
        flight.holds = lambda: memory.is_trusted and memory.is_current(wanted.key, tags, moment)
        return kept if memory.put(kept, moment) else None

    def _remember_absence(
        self, backend: RedisBackend, wanted: Wanted, answer: Rendered, recording: Recording
    ) -> Kept | None:
        """Keep in memory that there is no such page, until one is published there."""
        memory = backend.memory
        if answer.code != HTTPStatus.NOT_FOUND or recording.moment is None or recording.unstorable:
            return None
        if not recording.tags or recording.uncached or recording.overtaken or not memory.is_trusted:
            return None
        size = len(answer.body) + 1000
        kept = Kept(wanted.key, answer, frozenset(recording.tags), size, 0, ABSENT_TTL, ABSENT_TTL)
        memory.put(kept, recording.moment)
        self._absent.append(wanted.key)
        while len(self._absent) > ABSENT_REMEMBERED:
            oldest = self._absent.popleft()
            # A page may have been published there since.
            if (there := memory.get(oldest)) is not None and isinstance(there.value, Rendered):
                memory.drop(oldest)
        return None

    def _spare(self, backend: RedisBackend, wanted: Wanted) -> Answer | None:
        """Return the last good copy of a page that cannot be made now; none of what was withdrawn is left."""
        found = backend.spare(wanted.key)
        page = self._opened(backend, wanted, found)
        if page is None or found.entry is None:
            return None
        logger.warning("%s cannot be made, so an older copy is sent", wanted.key)
        return Answer("stale error", page)

    def _from_database(self, wanted: Wanted, outcome: str) -> Answer:
        recording = Recording(uncached=True, one_view=True)
        with record(recording):
            answer = self._render(wanted)
        if refusal := unstorable(answer, recording):
            return Answer(f"bypass {refusal}", rendered=answer)
        return self._unstored(answer, outcome)

    def _unstored(self, answer: Rendered, outcome: str) -> Answer:
        with span("encode", "page"):
            bodies = encodings.encode_all(answer.body)
        return Answer(outcome, Sendable(page_of(answer, bodies), bodies))
