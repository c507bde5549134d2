"""`flask jobs …`, as an operator types it."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask

from application.data import data_access
from application.data.operations import likes
from application.jobs import long_jobs, tasks
from application.jobs.failures import Failures
from application.jobs.overview import NO_BEAT, NO_WORKER
from application.jobs.presence import Presence, Running, Worker

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(app: Flask) -> Run:
    def run(*arguments: str) -> tuple[int, str]:
        result = app.test_cli_runner().invoke(args=["jobs", *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.output

    return run


@pytest.fixture
def broker(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(f"{redis_url}/1") as client:
        yield client


def arrive(broker: redis.Redis) -> None:
    """Let a worker say that it is there, and at a job."""
    now = time.time()
    presence = Presence(broker)
    presence.show(Worker("celery@here", 1, 2, now - 60, now))
    presence.begin(Running("job id", "improve_page", '["view//\\u001b[31m"]', "celery@here", 2, now - 1))


def test_without_a_worker_it_says_what_to_do(run: Run) -> None:
    status, output = run("list")
    assert status == 1
    assert NO_WORKER in output
    assert "queue celery: 0 waiting" in output


def test_it_lists_queues_workers_what_runs_and_the_heartbeat(run: Run, app: Flask, broker: redis.Redis) -> None:
    arrive(broker)
    assert NO_BEAT in run("list")[1]
    tasks.heartbeat()
    app.extensions["celery"].send_task("sweep_outbox", ignore_result=True)
    status, output = run("list")
    assert status == 0
    assert "queue celery: 1 waiting (next: 1 sweep_outbox)" in output
    assert "worker celery@here: 1 of 2 processes busy" in output
    assert "improve_page" in output
    assert "\x1b" not in output
    assert re.search(r"heartbeat: \d s ago", output)
    status, output = run("list", "--json")
    told: dict[str, Any] = json.loads(output)
    assert status == 0
    assert told["queues"] == [{"name": "celery", "waiting": 1, "next": {"sweep_outbox": 1}}]
    assert told["running"][0]["name"] == "improve_page"
    assert told["heartbeat_age"] < 10
    assert told["warnings"] == []


def test_a_worker_that_vanished_is_none(run: Run, broker: redis.Redis) -> None:
    seen = time.time() - 60
    Presence(broker).show(Worker("celery@gone", 1, 2, seen - 60, seen))
    status, output = run("list")
    assert status == 1
    assert "The last sign of a worker is of" in output


def test_failures_are_listed_and_shown_with_their_traceback(run: Run, broker: redis.Redis) -> None:
    assert run("failed") == (1, "Error: nothing failed within a week\n")
    try:
        Path("there is no such file").stat()
    except OSError as error:
        Failures(broker).note("failed", ("improve_page", "job id", ["view//"]), error, "celery@here")
    status, output = run("failed")
    assert status == 0
    key = output.split()[0]
    assert "1 × failed   improve_page  FileNotFoundError" in output
    status, output = run("failed", key)
    assert status == 0
    assert 'improve_page ["view//"]: failed, 1 ×' in output
    assert 'Path("there is no such file").stat()' in output
    assert json.loads(run("failed", "--json")[1])[0]["times"] == 1
    assert run("again", key) == (0, 'improve_page ["view//"] is sent\n')
    assert broker.llen("celery") == 1
    assert run("forget", key) == (0, "1 times improve_page (failed) are forgotten\n")
    assert run("again", key) == run("forget", key) == (1, f"Error: no failure has the key {key}\n")
    assert run("failed", "nothing") == (1, "Error: no failure has the key nothing\n")


def test_a_long_job_is_started_looked_at_and_cancelled(run: Run, article_id: int, broker: redis.Redis) -> None:
    assert "rebuild-pages: Makes every public page anew" in run("start")[1]
    assert run("start", "nothing")[0] == 1
    assert run("progress")[0] == 1
    status, output = run("start", "recount-likes", "--why", "after a restore")
    assert status == 0
    assert NO_WORKER in output
    (started,) = long_jobs.runs().latest()
    assert f"flask jobs progress {started.id}" in output
    assert broker.llen("celery") == 1
    assert run("start", "recount-likes")[0] == 1
    status, output = run("progress", started.id)
    assert status == 0
    assert "  0 %  0 of 1 articles, waiting, since" in output
    assert json.loads(run("progress", "--json")[1])[0]["id"] == started.id
    status, output = run("cancel", started.id, "--why", "enough")
    assert status == 0
    assert "cancelled, since" in output
    assert run("cancel", started.id)[0] == 1
    assert run("progress", "nothing") == (1, "Error: no long job has the id nothing\n")
    logged = data_access.get_audit().entries
    assert [(line.deed, line.user_name, line.details["why"]) for line in logged[:2]] == [
        ("cancel job", "command line", "enough"),
        ("start job", "command line", "after a restore"),
    ]


def test_it_follows_a_long_job_to_its_end(run: Run, article_id: int) -> None:
    likes.add_like(article_id, visitor_id="f" * 32)
    run("start", "recount-likes")
    (started,) = long_jobs.runs().latest()
    tasks.go_on(started.id, 0)
    status, output = run("progress", started.id, "--follow")
    assert status == 0
    assert "100 %  1 of 1 articles, done, since" in output


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["failed"],
        ["start", "recount-likes"],
        ["progress"],
        ["progress", "x"],
        ["cancel", "x"],
        ["again", "x"],
        ["forget", "x"],
    ],
)
def test_without_redis_it_says_so_in_a_line(run: Run, app: Flask, arguments: list[str]) -> None:
    dead = {"broker_url": "redis://127.0.0.1:1/0"}
    app.config["SETTINGS"] = app.config["SETTINGS"].model_copy(update=dead)
    status, output = run(*arguments)
    assert status == 2
    assert output.startswith("Error: Redis does not answer")
    assert output.count("\n") == 1


def test_a_redis_that_refuses_is_told_apart(run: Run, broker: redis.Redis) -> None:
    broker.set("celery", "not a list")
    status, output = run("list")
    assert status == 2
    assert output.startswith("Error: Redis refuses")
