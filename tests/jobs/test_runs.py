"""Runs of long jobs: their records, and who may go on with them."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
import redis

from application.jobs import runs
from application.jobs.runs import LOST, MOST_FAILURES, PREFIX, REMEMBERED, SILENT, Run, Runs, RunsAlready


@pytest.fixture
def own(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(f"{redis_url}/1") as client:
        yield client


@pytest.fixture
def known(own: redis.Redis) -> Runs:
    return Runs(own)


def start(known: Runs, name: str = "rebuild-pages") -> Run:
    return known.start(name, 10, "ada", "")


def test_one_of_its_kind_runs_at_a_time(known: Runs) -> None:
    first = start(known)
    with pytest.raises(RunsAlready) as refused:
        start(known)
    assert refused.value.run == first
    other = start(known, "recount-likes")
    known.cancel(first.id, "grace")
    again = start(known)
    assert [run.id for run in known.latest()] == [again.id, other.id, first.id]


def test_of_many_who_start_at_once_one_does(known: Runs) -> None:
    def try_it(_number: int) -> str:
        try:
            return start(known).id
        except RunsAlready as error:
            return error.run.id

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(try_it, range(8)))) == 1
    assert len(known.latest()) == 1


def test_only_the_step_that_is_due_begins_and_the_last_to_begin_has_the_turn(known: Runs) -> None:
    run = start(known)
    assert known.begin(run.id, 1) is None
    assert known.begin("unknown", 0) is None
    first, second = known.begin(run.id, 0), known.begin(run.id, 0)
    assert first is not None
    assert second is not None
    assert known.note(first, first.turn) is None
    following = known.note(msgspec.structs.replace(second, done=5, step=1, turn=""), second.turn)
    assert following is not None
    assert (following.done, following.percent, following.state) == (5, 50, "running")
    assert known.begin(run.id, 0) is None
    assert known.begin(run.id, 1) is not None


def test_a_cancelled_run_takes_no_more_news(known: Runs) -> None:
    run = known.begin(start(known).id, 0)
    assert run is not None
    cancelled = known.cancel(run.id, "grace")
    assert cancelled is not None
    assert (cancelled.state, cancelled.ended_by) == ("cancelled", "grace")
    assert known.note(run, run.turn) is None
    assert known.begin(run.id, 0) is None
    assert known.cancel(run.id, "grace") is None


def test_a_step_that_ends_without_a_word_does_not_begin_for_ever(known: Runs) -> None:
    run = start(known)
    tried = [known.begin(run.id, 0) for _ in range(MOST_FAILURES + 1)]
    assert [one is not None for one in tried] == [True] * MOST_FAILURES + [False]
    found = known.find(run.id)
    assert found is not None
    assert (found.state, found.last_problem) == ("failed", runs.VANISHED)


def test_a_run_without_a_sign_of_life_is_found_once_in_a_while(known: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    run, over = start(known), start(known, "recount-likes")
    known.cancel(over.id, "ada")
    assert known.lost() == []
    assert not run.is_silent(time.time())
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + LOST + 1)
    assert run.is_silent(now + SILENT + 1)
    assert [found.id for found in known.lost()] == [run.id]
    assert known.lost() == []


def test_runs_are_forgotten_and_what_cannot_be_read_is_passed_over(known: Runs, own: redis.Redis) -> None:
    for _ in range(REMEMBERED + 5):
        known.cancel(start(known).id, "ada")
    assert own.llen(f"{PREFIX}runs") == REMEMBERED
    assert all(own.ttl(key) > 0 for key in own.scan_iter(f"{PREFIX}run:*"))
    first, *_ = known.latest()
    own.set(f"{PREFIX}run:{first.id}", b'{"of": "another release"}')
    assert len(known.latest()) == REMEMBERED - 1
    assert start(known).is_active
