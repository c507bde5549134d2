"""What went wrong, as a real worker tells it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from celery import Celery
from flask import Flask

from application.jobs import overview
from application.jobs.failures import INDEX, MOST, Failure, Failures
from application.jobs.overview import failures, look
from application.jobs.runs import PREFIX
from tests.conftest import copy_of
from tests.own_redis import own_redis
from tests.site import eventually, process, running_site

PATIENCE = 60
"""Seconds that a worker may take to start."""
Send = Callable[..., str]


@pytest.fixture(scope="module")
def site(migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    logs: Path = tmp_path_factory.mktemp("failures")
    command = ["celery", "--app", "tests.jobs.planted:celery", "worker", "--concurrency", "2", "--loglevel", "INFO"]
    with (
        own_redis() as server,
        copy_of(migrated, logs) as database_url,
        running_site(database_url, f"redis://127.0.0.1:{server.port}", logs, workers=1, jobs=False) as site,
        process(command, site.environ, logs / "worker.log"),
        site.app.app_context(),
    ):
        eventually(lambda: look().workers, PATIENCE)
        yield site.app


@pytest.fixture
def send(site: Flask) -> Send:
    celery: Celery = site.extensions["celery"]

    def send(name: str, *args: object) -> str:
        return str(celery.send_task(name, args, ignore_result=True).id)

    return send


def found(kind: str, name: str) -> list[Failure]:
    return [failure for failure in failures().latest() if (failure.kind, failure.name) == (kind, name)]


def test_a_job_that_failed_is_there_with_its_traceback_and_equal_ones_are_one(send: Send) -> None:
    sent = [send("planted_failure", number) for number in (1, 2, 3)]
    eventually(lambda: found("failed", "planted_failure") and found("failed", "planted_failure")[0].times == 3)
    (failure,) = found("failed", "planted_failure")
    assert failure.id in sent
    assert failure.args in {"[1]", "[2]", "[3]"}
    assert failure.error == "LookupError"
    assert "is broken" in failure.message
    assert "in planted_failure" in failure.traceback
    assert 'raise LookupError(f"planted' in failure.traceback
    assert failure.first < failure.last
    assert failures().find(failure.key) == failure
    assert failures().forget(failure.key)
    assert not failures().forget(failure.key)
    assert found("failed", "planted_failure") == []


def test_a_job_that_is_tried_again_is_noted_and_waits_for_its_time(send: Send) -> None:
    sent = send("planted_busy")
    eventually(lambda: found("retried", "planted_busy"))
    assert found("retried", "planted_busy")[0].error == "DatabaseBusy"
    eventually(lambda: [later for later in look().scheduled if later.id == sent])
    (later,) = (later for later in look().scheduled if later.id == sent)
    assert (later.name, later.retries) == ("planted_busy", 1)
    assert 0 < later.due - look().at <= 30
    assert look().unacknowledged >= 1


def test_a_process_that_is_killed_is_noted_and_its_job_is_done_by_another(send: Send) -> None:
    send("planted_death")
    eventually(lambda: found("lost", "planted_death"))
    assert "signal 9" in found("lost", "planted_death")[0].message
    eventually(lambda: "planted_death" not in {job.name for job in look().running})
    assert len(found("lost", "planted_death")) == 1


def test_a_job_that_takes_too_long_is_noted_where_it_was_and_also_when_it_had_to_be_killed(send: Send) -> None:
    send("planted_sleep", 20)
    send("planted_deafness")
    eventually(lambda: found("too long", "planted_sleep") and found("too long", "planted_deafness"))
    assert "time.sleep(seconds)" in found("too long", "planted_sleep")[0].traceback
    assert found("too long", "planted_deafness")[0].error == "TimeLimitExceeded"
    eventually(lambda: "planted_deafness" not in {job.name for job in look().running})


def test_what_runs_is_named_with_its_worker_and_since_when(send: Send) -> None:
    sent = send("planted_pause", 3)
    eventually(lambda: [job for job in look().running if job.id == sent])
    seen = look()
    (job,) = (job for job in seen.running if job.id == sent)
    (worker,) = seen.workers
    assert (job.name, job.args, job.worker) == ("planted_pause", "[3]", worker.name)
    assert 0 <= seen.at - job.since < 3
    assert worker.processes == 2
    eventually(lambda: sent not in {job.id for job in look().running})


@pytest.fixture
def own(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(f"{redis_url}/1") as client:
        yield client


def raised(message: str) -> Exception:
    try:
        int(message)
    except ValueError as error:
        return error
    raise AssertionError


def test_the_list_is_bounded_and_fades(own: redis.Redis) -> None:
    known = Failures(own)
    for number in range(MOST + 20):
        known.note("failed", (f"job {number}", "id", [number]), raised("x" * 100_000), "worker")
    latest = known.latest()
    assert [failure.name for failure in latest[:2]] == [f"job {MOST + 19}", f"job {MOST + 18}"]
    assert len(latest) == own.zcard(INDEX) == MOST
    assert all(len(failure.message) <= 500 and len(failure.traceback) < 9_000 for failure in latest)
    assert all(own.ttl(key) > 0 for key in own.scan_iter(f"{PREFIX}failure:*"))


def test_arguments_that_are_long_or_no_json_are_no_trap(own: redis.Redis) -> None:
    known = Failures(own)
    known.note("failed", ("long", "id", ["x" * 5000]), raised("no"), "worker")
    known.note("failed", ("odd", "id", [object]), raised("no"), "worker")
    odd, long = known.latest()
    assert long.args == ""
    assert json.loads(odd.args) == ["<class 'object'>"]


def test_what_cannot_be_read_is_passed_over(own: redis.Redis) -> None:
    known = Failures(own)
    known.note("failed", ("job", "id", []), raised("no"), "worker")
    own.zadd(INDEX, {"of another release": 1e12, "gone": 1e12})
    own.hset(f"{PREFIX}failure:of another release", mapping={"last": '{"key": 1}', "first": "x"})
    assert [failure.name for failure in known.latest()] == ["job"]


def test_where_no_worker_is_that_is_said(app: Flask) -> None:
    seen = look()
    assert seen.workers == ()
    assert seen.warnings == (overview.NO_WORKER,)
    assert seen.heartbeat is None
