"""`flask jobs …`: what the workers do, what went wrong, and long jobs.

Exit statuses: 1 when there is nothing of that name or kind (for `list`: no worker), 2 when Redis does not answer or
refuses.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click
import msgspec
from flask import current_app
from flask.cli import AppGroup

from application.data.errors import DatabaseBusy
from application.data.records import Actor
from application.jobs import long_jobs
from application.jobs.failures import Failure
from application.jobs.kinds import Unable
from application.jobs.overview import NO_WORKER, Overview, failures, look
from application.jobs.runs import Run, RunsAlready
from application.measuring.away import RedisError
from application.measuring.away import why as why_away

OPERATOR = Actor(None, "command line")
FAREWELL = 2.0
"""Seconds that a command waits for the broker to take its job."""
EVERY = 0.5
BAR = 30

jobs_commands = AppGroup("jobs", help="See what the workers do and what failed; run long jobs.")


class RedisAway(click.ClickException):
    """Redis does not answer, or refuses."""

    exit_code = 2


@contextmanager
def _redis() -> Iterator[None]:
    try:
        yield
    except DatabaseBusy as error:
        raise click.ClickException("the database is too busy to log this, so it is not done") from error
    except RedisError as error:
        raise RedisAway(why_away(error)) from error


def _as_json(command: Callable[..., None]) -> Callable[..., None]:
    return click.option("--json", "as_json", is_flag=True, help="For a program.")(command)


@jobs_commands.command("list")
@_as_json
def list_jobs(*, as_json: bool) -> None:
    """Show queues, workers, what runs and what waits for its time, the beat's heartbeat and its age, long jobs."""
    with _redis():
        found = look()
    if as_json:
        _write(found)
    else:
        _tabulate(found)
    if not found.workers:
        raise click.exceptions.Exit(1)


@jobs_commands.command("failed")
@click.argument("key", default="")
@_as_json
def failed(key: str, *, as_json: bool) -> None:
    """List what failed within a week, equal failures in one line; with its KEY, one of them and its traceback."""
    with _redis():
        known = failures()
        one = known.find(key) if key else None
        found = known.latest() if not key else () if one is None else (one,)
    if as_json:
        _write(found)
    elif key and found:
        _describe(found[0])
    else:
        for failure in found:
            click.echo(_failure_line(failure))
    if not found:
        raise click.ClickException(f"no failure has the key {key}" if key else "nothing failed within a week")


@jobs_commands.command("start")
@click.argument("name", default="")
@click.option("--why", default="", help="For the log of who did what.")
@click.option("--follow", is_flag=True, help="Stay and show how far it is, until it is over.")
def start(name: str, *, why: str, follow: bool) -> None:
    """Start the long job NAME; without one, list them."""
    if not name:
        for job in long_jobs.KINDS.values():
            click.echo(f"{job.name}: {job.tells}")
        return
    if name not in long_jobs.KINDS:
        raise click.ClickException(f"no long job is called {name}; there are {', '.join(long_jobs.KINDS)}")
    with _redis():
        run = _start(name, why)
        current_app.extensions["dispatcher"].flush(FAREWELL)
        has_worker = bool(look().workers)
    click.echo(f"{name} is started: flask jobs progress {run.id}")
    if not has_worker:
        click.echo(NO_WORKER, err=True)
    if follow:
        _follow(run.id)


@jobs_commands.command("progress")
@click.argument("run_id", metavar="ID", default="")
@click.option("--follow", is_flag=True, help="Stay and show how far it is, until it is over.")
@_as_json
def progress(run_id: str, *, follow: bool, as_json: bool) -> None:
    """Show how far a long job is; without its ID, all of the last week (twenty at most)."""
    with _redis():
        known = long_jobs.runs()
        one = known.find(run_id) if run_id else None
        found = known.latest() if not run_id else () if one is None else (one,)
    if not found:
        raise click.ClickException(f"no long job has the id {run_id}" if run_id else "no long job ran within a week")
    if as_json:
        _write(found)
    elif follow:
        _follow(found[0].id)
    else:
        for run in found:
            click.echo(run_line(run, time.time()))


@jobs_commands.command("cancel")
@click.argument("run_id", metavar="ID")
@click.option("--why", default="", help="For the log of who did what.")
def cancel(run_id: str, *, why: str) -> None:
    """End a long job before its time; what it has done stays done."""
    with _redis():
        run = long_jobs.cancel(run_id, OPERATOR, why)
    if run is None:
        raise click.ClickException(f"no long job with the id {run_id} is under way")
    click.echo(run_line(run, time.time()))


def _start(name: str, why: str) -> Run:
    try:
        return long_jobs.start(long_jobs.KINDS[name], OPERATOR, why)
    except RunsAlready as error:
        raise click.ClickException(f"{name} runs already: flask jobs progress {error.run.id}") from error
    except Unable as error:
        raise click.ClickException(str(error)) from error


def _follow(run_id: str) -> None:
    """Write a line whenever something has changed, until the run is over."""
    said = ""
    while True:
        with _redis():
            run = long_jobs.runs().find(run_id)
        if run is None:
            raise click.ClickException(f"no long job has the id {run_id} any more")
        if (line := run_line(run, time.time())) != said:
            click.echo(line)
            said = line
        if not run.is_active:
            return
        time.sleep(EVERY)


def run_line(run: Run, now: float) -> str:
    """Write how far a long job is in one line."""
    job = long_jobs.KINDS.get(run.name)
    bar = ("#" * (run.percent * BAR // 100)).ljust(BAR, ".")
    parts = [f"{run.id}  {run.name:<14} [{bar}] {run.percent:>3} %  {run.done} of {run.total}"]
    parts.append(f"{job.unit if job else ''}, {run.state} since {_time(run.began)}")
    if run.ended is not None:
        parts.append(f"until {_time(run.ended)}")
    if run.is_silent(now):
        parts.append(f"- no sign of life since {_time(run.seen)}")
    if run.problems:
        parts.append(f"- {run.problems} problems, the last: {run.last_problem}")
    return _plain(" ".join(parts))


def _tabulate(found: Overview) -> None:
    for warning in found.warnings:
        click.echo(warning)
    if not found.workers and found.worker_seen is not None:
        click.echo(f"The last sign of a worker is of {_time(found.worker_seen)}")
    for queue in found.queues:
        named = ", ".join(f"{count} {name}" for name, count in queue.next.items())
        click.echo(_plain(f"queue {queue.name}: {queue.waiting} waiting" + (f" (next: {named})" if named else "")))
    oldest = "" if found.oldest_age is None else f", the first for {found.oldest_age:.0f} s"
    click.echo(f"handed to workers and not done: {found.unacknowledged}{oldest}")
    for worker in found.workers:
        busy = [job for job in found.running if job.worker == worker.name]
        up = f"up {found.at - worker.since:.0f} s"
        click.echo(f"worker {worker.name}: {len(busy)} of {worker.processes} processes busy, {up}")
        for job in busy:
            click.echo(_plain(f"  {job.name} {job.args} for {found.at - job.since:.1f} s, process {job.pid}, {job.id}"))
    for later in found.scheduled:
        tried = f", tried {later.retries} times" if later.retries else ""
        click.echo(_plain(f"due in {later.due - found.at:.0f} s: {later.name} {later.args}{tried}, {later.id}"))
    if found.heartbeat is not None:
        click.echo(f"heartbeat: {found.heartbeat_age:.0f} s ago, {_time(found.heartbeat)}")
    for run in found.long:
        click.echo(run_line(run, found.at))


def _failure_line(failure: Failure) -> str:
    what = f"{failure.error}: {failure.message}" if failure.message else failure.error
    return _plain(
        f"{failure.key}  {_time(failure.last)}  {failure.times:>5} × {failure.kind:<8} {failure.name}  {what}"
    )


def _describe(failure: Failure) -> None:
    click.echo(_plain(f"{failure.name} {failure.args}: {failure.kind} {failure.times} times"))
    click.echo(_plain(f"first {_time(failure.first)}, last {_time(failure.last)}, {failure.worker}, {failure.id}"))
    for line in failure.traceback.splitlines():
        click.echo(_plain(line))


def _write(found: Any) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())


def _time(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _plain(text: str) -> str:
    """Keep what strangers wrote from steering a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
