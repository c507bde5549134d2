"""The long jobs, and how one goes on: step by step, with room for others between two steps."""

import time
from typing import NamedTuple

from flask import current_app
from msgspec.structs import replace
from redis import RedisError

from application.data import data_access
from application.data.operations import audit
from application.data.records import Actor
from application.jobs import rebuilding, recounting
from application.jobs.connecting import connect
from application.jobs.dispatch import send
from application.jobs.kinds import LongJob, Passed
from application.jobs.runs import MOST_FAILURES, Run, Runs

STEP = 3.0
"""Seconds that a step works; far from any time limit, and short jobs wait for no longer."""
SIGN = 0.5
"""Seconds between two signs of life."""
PAUSE, LONGEST_PAUSE = 10.0, 40.0
"""Seconds after a step that broke, times how many have; less than a run may be silent."""
LONGEST_PROBLEM = 300


KINDS = {
    job.name: job
    for job in (
        LongJob(
            "rebuild-pages",
            "Rebuild all pages",
            "Makes every public page anew and stores it: the front page and its older pages, authors, tags, articles. "
            "Readers get the old pages until the new ones are there.",
            "pages",
            rebuilding.count,
            rebuilding.walk,
        ),
        LongJob(
            "recount-likes",
            "Recount all likes",
            "Compares the like count of every article with its rows, and makes right those that differ.",
            "articles",
            data_access.count_articles,
            recounting.walk,
        ),
    )
}


def runs() -> Runs:
    """Return the runs of this site."""
    return Runs(connect(current_app.config["SETTINGS"].broker_url))


def start(job: LongJob, by: Actor, why: str) -> Run:
    """Begin a long job, and log who did. Raises `RunsAlready`, `Unable`, `RedisError`, `DatabaseBusy`."""
    known = runs()
    run = known.start(job.name, job.total(), by.name, why)
    try:
        audit.record("start job", f"{job.name} {run.id}", by, why=why)
    except Exception:
        # Nobody has begun it: its first step is not sent yet.
        known.withdraw(run)
        raise
    send("go_on", run.id, run.step)
    return run


def cancel(run_id: str, by: Actor, why: str) -> Run | None:
    """End a run before its time, and log who did; None when it is over, or unknown. Raises as `start` does."""
    known = runs()
    run = known.find(run_id)
    if run is None or not run.is_active:
        return None
    audit.record("cancel job", f"{run.name} {run.id}", by, why=why, done=run.done, total=run.total)
    return known.cancel(run_id, by.name)


class Next(NamedTuple):
    """The step that is to follow: in how many seconds, and what broke the one before it."""

    step: int
    wait: float = 0
    error: Exception | None = None


def go_on(run_id: str, step: int) -> Next | None:
    """Work at a run for a while; None when that was all, or not this step's turn. Raises `RedisError`."""
    known = runs()
    run = known.begin(run_id, step)
    return None if run is None else _Step(known, run).take()


class _Step:
    """One step of a run, by whoever has the turn."""

    def __init__(self, known: Runs, run: Run) -> None:
        self._known = known
        self._run = run
        self._turn = run.turn

    def take(self) -> Next | None:
        try:
            return self._work()
        except RedisError:
            # The broker's: nothing can be noted. The run is found lost when Redis is back.
            raise
        except Exception as error:  # noqa: BLE001 - it is noted, and raised by whoever sends the next step
            return self._stumble(error)

    def _work(self) -> Next | None:
        began = told = time.monotonic()
        for passed in KINDS[self._run.name].walk(self._run.place):
            self._pass(passed)
            now = time.monotonic()
            if now - began >= STEP:
                following = self._note(step=self._run.step + 1, turn="")
                return None if following is None else Next(following.step)
            if now - told >= SIGN:
                if self._note() is None:
                    return None
                told = now
        self._note(state="done", ended=time.time())
        return None

    def _pass(self, passed: Passed) -> None:
        done = self._run.done + passed.done
        news: dict[str, object] = {"place": passed.place, "done": done, "total": max(done, self._run.total)}
        if passed.problem:
            news |= {"problems": self._run.problems + 1, "last_problem": passed.problem[:LONGEST_PROBLEM]}
        self._run = replace(self._run, failures=0, **news)

    def _stumble(self, error: Exception) -> Next | None:
        """Note what went wrong, and have the step begun again later; not for ever."""
        failures = self._run.failures + 1
        problem = f"{type(error).__name__}: {error}"[:LONGEST_PROBLEM]
        news = {"failures": failures, "turn": "", "problems": self._run.problems + 1, "last_problem": problem}
        if failures >= MOST_FAILURES:
            self._note(state="failed", ended=time.time(), **news)
            raise error
        if self._note(**news) is None:
            raise error
        return Next(self._run.step, min(PAUSE * failures, LONGEST_PAUSE), error)

    def _note(self, **news: object) -> Run | None:
        return self._known.note(replace(self._run, **news), self._turn)
