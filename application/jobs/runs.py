"""Runs of long jobs: what each has done, kept in the broker's Redis for a week.

A run goes on in steps, each a job of its own, so that short jobs have their turn between two of them. Only the job for
the step that is due begins one, and of two for the same step the one that began last: so a step may be sent twice.
"""

import secrets
import time
from collections.abc import Callable
from typing import Any

import msgspec
from redis import Redis, WatchError

KEPT = 7 * 24 * 60 * 60
"""Seconds that a run can be looked at after its last sign of life."""
REMEMBERED = 20
SILENT = 15.0
"""Seconds without a sign of life after which a person is told."""
LOST = 45.0
"""Seconds without a sign of life after which the step is sent again; while it works, it gives one every half second."""
MOST_FAILURES = 10
"""Times that one step may break before the run ends."""
VANISHED = "Each time that this was tried, the worker ended without a word: see the jobs that failed."
PREFIX = "broadsheet:jobs:"
ACTIVE = frozenset({"waiting", "running"})


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run: times are seconds since 1970; `done` of `total` is an estimate where the site changes meanwhile."""

    id: str
    name: str
    by: str
    why: str
    began: float
    seen: float
    total: int
    done: int = 0
    problems: int = 0
    last_problem: str = ""
    state: str = "waiting"
    ended: float | None = None
    ended_by: str = ""
    place: str = ""
    step: int = 0
    turn: str = ""
    failures: int = 0

    @property
    def is_active(self) -> bool:
        """Tell whether it is to go on."""
        return self.state in ACTIVE

    @property
    def percent(self) -> int:
        """Return how far it is; a run that goes on is never at its end."""
        if self.state == "done" or self.total == 0:
            return 100 if self.state == "done" else 0
        return min(99, self.done * 100 // self.total)

    def is_silent(self, now: float) -> bool:
        """Tell whether nobody seems to work at it."""
        return self.is_active and now - self.seen > SILENT


class RunsAlready(Exception):  # noqa: N818 - it is an answer, as in data/errors.py
    """Say that a job of this kind is not over yet."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"{run.name} runs already: {run.id}")
        self.run = run


class Runs:
    """The runs of this site. Every method raises `RedisError`."""

    def __init__(self, redis: Redis) -> None:
        self._redis: Any = redis

    def start(self, name: str, total: int, by: str, why: str) -> Run:
        """Note a new run, unless one of its kind is not over. Raises `RunsAlready`."""
        now = time.time()
        run = Run(id=secrets.token_hex(4), name=name, by=by, why=why, began=now, seen=now, total=total)
        latest = f"{PREFIX}latest:{name}"
        with self._redis.pipeline() as pipe:
            while True:
                try:
                    pipe.watch(latest)
                    other = self.find((pipe.get(latest) or b"").decode(errors="replace"))
                    if other is not None and other.is_active:
                        raise RunsAlready(other)
                    pipe.multi()
                    pipe.set(latest, run.id, ex=KEPT)
                    pipe.set(_key(run.id), msgspec.json.encode(run), ex=KEPT)
                    pipe.lpush(f"{PREFIX}runs", run.id)
                    pipe.ltrim(f"{PREFIX}runs", 0, REMEMBERED - 1)
                    pipe.execute()
                except WatchError:
                    continue
                return run

    def find(self, run_id: str) -> Run | None:
        """Return a run, if it is remembered."""
        return _decode(self._redis.get(_key(run_id)))

    def latest(self) -> tuple[Run, ...]:
        """Return the runs, the latest first."""
        ids = self._redis.lrange(f"{PREFIX}runs", 0, -1)
        found = self._redis.mget([_key(run_id.decode(errors="replace")) for run_id in ids]) if ids else []
        return tuple(run for value in found if (run := _decode(value)) is not None)

    def begin(self, run_id: str, step: int) -> Run | None:
        """Take the turn for a step; None when another step is due, or none any more."""

        def take(run: Run) -> Run | None:
            if run.step != step:
                return None
            # Whoever had the turn for it ended without a word, or is about to: such a step must not begin for ever.
            failures = run.failures + (run.turn != "")
            if failures >= MOST_FAILURES:
                return _with(run, state="failed", ended=time.time(), last_problem=VANISHED)
            return _with(run, state="running", turn=secrets.token_hex(8), failures=failures)

        begun = self._change(run_id, take)
        return begun if begun is not None and begun.is_active else None

    def note(self, run: Run, turn: str) -> Run | None:
        """Note how a run is now; None when it was cancelled, or when another has the turn."""
        return self._change(run.id, lambda now: None if now.turn != turn else _with(run))

    def cancel(self, run_id: str, by: str) -> Run | None:
        """End a run before its time; None when it is over, or unknown."""
        return self._change(run_id, lambda run: _with(run, state="cancelled", ended=time.time(), ended_by=by))

    def withdraw(self, run: Run) -> None:
        """Forget a run that was noted and not begun."""
        with self._redis.pipeline() as pipe:
            pipe.delete(_key(run.id))
            pipe.lrem(f"{PREFIX}runs", 0, run.id)
            pipe.execute()

    def lost(self) -> list[Run]:
        """Return the runs that nobody seems to work at, once in a while, so that their steps are sent again."""
        end = time.time() - LOST
        silent = [run for run in self.latest() if run.is_active and run.seen < end]
        # Asked for once, by whoever comes first.
        return [run for run in silent if self._redis.set(_key(run.id) + ":again", 1, nx=True, ex=int(LOST))]

    def _change(self, run_id: str, change: Callable[[Run], Run | None]) -> Run | None:
        """Change an active run as it is now; None for any other, or when the change is none."""
        key = _key(run_id)
        with self._redis.pipeline() as pipe:
            while True:
                try:
                    pipe.watch(key)
                    run = _decode(pipe.get(key))
                    changed = None if run is None or not run.is_active else change(run)
                    if changed is None:
                        return None
                    pipe.multi()
                    pipe.set(key, msgspec.json.encode(changed), ex=KEPT)
                    pipe.execute()
                except WatchError:
                    continue
                return changed


def _with(run: Run, **news: Any) -> Run:
    return msgspec.structs.replace(run, **{"seen": time.time(), **news})


def _key(run_id: str) -> str:
    return f"{PREFIX}run:{run_id}"


def _decode(value: bytes | None) -> Run | None:
    if value is None:
        return None
    try:
        return msgspec.json.decode(value, type=Run)
    except msgspec.MsgspecError:
        # Of another release.
        return None
