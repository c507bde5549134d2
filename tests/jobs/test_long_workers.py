"""Long jobs done by real workers, some of which are killed."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from application.data.records import Actor
from application.jobs import long_jobs, runs, tasks
from application.jobs.long_jobs import KINDS
from application.jobs.overview import NO_WORKER, failures, look
from application.jobs.runs import Run
from tests.conftest import copy_of
from tests.jobs.many import many_articles
from tests.own_redis import own_redis
from tests.site import RunningSite, eventually, process, running_site

ARTICLES = 400
PATIENCE = 90


@pytest.fixture
def site(migrated: str, tmp_path: Path) -> Iterator[RunningSite]:
    with (
        own_redis() as server,
        copy_of(migrated, tmp_path) as database_url,
        running_site(database_url, f"redis://127.0.0.1:{server.port}", tmp_path, workers=1, jobs=False) as site,
        site.app.app_context(),
    ):
        many_articles(ARTICLES)
        yield site


@contextmanager
def worker(site: RunningSite, logs: Path) -> Iterator[int]:
    """Run a worker as ./local_workers.sh does, and give its process id."""
    command = ["celery", "--app", "main:celery", "worker", "--concurrency", "2", "--loglevel", "INFO"]
    with process(command, site.environ, logs / "worker.log") as started:
        eventually(lambda: [one for one in look().workers if one.pid == started.pid], PATIENCE)
        yield started.pid


def start() -> Run:
    return long_jobs.start(KINDS["rebuild-pages"], Actor(None, "ada"), "")


def current(run: Run) -> Run:
    found = long_jobs.runs().find(run.id)
    assert found is not None
    return found


def busy_with(run: Run) -> int | None:
    """Return the process that is at a step of a run."""
    return next((job.pid for job in look().running if job.name == "go_on" and run.id in job.args), None)


def test_it_goes_on_when_the_process_at_it_is_killed(site: RunningSite, tmp_path: Path) -> None:
    with worker(site, tmp_path):
        run = start()
        eventually(lambda: current(run).done > 20 and busy_with(run))
        pid = busy_with(run)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not current(run).is_active, PATIENCE)
    assert (current(run).state, current(run).percent) == ("done", 100)
    assert [(failure.kind, failure.name) for failure in failures().latest()] == [("lost", "go_on")]


def test_it_goes_on_when_all_of_the_worker_was_killed(
    site: RunningSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with worker(site, tmp_path) as pid:
        run = start()
        eventually(lambda: current(run).done > 20 and busy_with(run))
        os.killpg(pid, signal.SIGKILL)
    left = current(run)
    assert left.is_active
    # Nobody waits for the minute in this test: what is not heard of at once counts as lost.
    monkeypatch.setattr(runs, "LOST", 1)
    eventually(lambda: look().at - current(run).seen > 1)
    with worker(site, tmp_path):
        assert tasks.find_lost_runs() == 1
        eventually(lambda: not current(run).is_active, PATIENCE)
    assert current(run).state == "done"
    assert current(run).done >= left.done


def test_other_jobs_have_their_turn_meanwhile(site: RunningSite, tmp_path: Path) -> None:
    with worker(site, tmp_path):
        run = start()
        eventually(lambda: current(run).done > 5)
        site.app.extensions["celery"].send_task("heartbeat", ignore_result=True)
        eventually(lambda: look().heartbeat is not None)
        assert current(run).is_active
        assert long_jobs.cancel(run.id, Actor(None, "ada"), "") is not None
        eventually(lambda: busy_with(run) is None)
    assert current(run).state == "cancelled"
    # It said that it went.
    assert look().warnings == (NO_WORKER,)
