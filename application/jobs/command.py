"""`flask jobs …`: what the workers do, what went wrong, and long jobs.

Exit statuses: 1 when there is nothing of that name or kind (for `list`: no worker), 2 when Redis does not answer or
refuses.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from flask import current_app
from flask.cli import AppGroup

from application.data.errors import DatabaseBusy
from application.data.records import Actor
from application.jobs import again, long_jobs
from application.jobs.failures import Failure
from application.jobs.kinds import Unable
from application.jobs.overview import NO_WORKER, failures, look
from application.jobs.runs import Run, RunsAlready
from application.jobs.telling import describe, failure_line, plain, run_line, tabulate, write
from application.measuring.away import RedisError
from application.measuring.away import why as why_away
from application.utils.reasons import why_option

OPERATOR = Actor(None, "command line")
FAREWELL = 2.0
"""Seconds that a command waits for the broker to take its job."""
EVERY = 0.5

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
        write(found)
    else:
        tabulate(found)
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
        write(found)
    elif key and found:
        describe(found[0])
    else:
        for failure in found:
            click.echo(failure_line(failure))
    if not found:
        raise click.ClickException(f"no failure has the key {key}" if key else "nothing failed within a week")


@jobs_commands.command("again")
@click.argument("key")
@why_option
def run_again(key: str, *, why: str) -> None:
    """Send the job once more whose failure has this KEY, with the same arguments."""
    with _redis():
        failure = _failure(key)
        if not again.run_again(failure, OPERATOR, why):
            raise click.ClickException(f"{failure.name} ({failure.kind}) cannot be sent again as it was")
        current_app.extensions["dispatcher"].flush(FAREWELL)
    click.echo(plain(f"{failure.name} {failure.args} is sent"))


@jobs_commands.command("forget")
@click.argument("key")
@why_option
def forget(key: str, *, why: str) -> None:
    """Take the failure with this KEY from the list."""
    with _redis():
        failure = _failure(key)
        again.forget(failure, OPERATOR, why)
    click.echo(plain(f"{failure.times} times {failure.name} ({failure.kind}) are forgotten"))


@jobs_commands.command("start")
@click.argument("name", default="")
@why_option
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
        write(found)
    elif follow:
        _follow(found[0].id)
    else:
        for run in found:
            click.echo(run_line(run, time.time()))


@jobs_commands.command("cancel")
@click.argument("run_id", metavar="ID")
@why_option
def cancel(run_id: str, *, why: str) -> None:
    """End a long job before its time; what it has done stays done."""
    with _redis():
        run = long_jobs.cancel(run_id, OPERATOR, why)
    if run is None:
        raise click.ClickException(f"no long job with the id {run_id} is under way")
    click.echo(run_line(run, time.time()))


def _failure(key: str) -> Failure:
    found = failures().find(key)
    if found is None:
        raise click.ClickException(f"no failure has the key {key}")
    return found


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
