"""What is known of jobs, as lines for a terminal."""

from typing import Any

import click
import msgspec

from application.jobs import long_jobs
from application.jobs.failures import Failure
from application.jobs.overview import Overview
from application.jobs.runs import Run
from application.utils.moments import written

BAR = 30


def run_line(run: Run, now: float) -> str:
    """Write how far a long job is in one line."""
    job = long_jobs.KINDS.get(run.name)
    bar = ("#" * (run.percent * BAR // 100)).ljust(BAR, ".")
    parts = [f"{run.id}  {run.name:<14} [{bar}] {run.percent:>3} %  {run.done} of {run.total}"]
    parts.append(f"{job.unit if job else ''}, {run.state}, since {written_time(run.began)}")
    if run.ended is not None:
        parts[-1] += f", for {run.ended - run.began:.0f} s"
    if run.is_silent(now):
        parts.append(f"- no sign of life since {written_time(run.seen)}")
    if run.problems:
        parts.append(f"- {run.problems} problems, the last: {run.last_problem}")
    return plain(" ".join(parts))


def tabulate(found: Overview) -> None:
    """Write everything about the jobs."""
    for warning in found.warnings:
        click.echo(warning)
    if not found.workers and found.worker_seen is not None:
        click.echo(f"The last sign of a worker is of {written_time(found.worker_seen)}")
    for queue in found.queues:
        named = ", ".join(f"{count} {name}" for name, count in queue.next.items())
        click.echo(plain(f"queue {queue.name}: {queue.waiting} waiting" + (f" (next: {named})" if named else "")))
    oldest = "" if found.oldest_age is None else f", the first for {found.oldest_age:.0f} s"
    click.echo(f"handed to workers and not done: {found.unacknowledged}{oldest}")
    for worker in found.workers:
        busy = [job for job in found.running if job.worker == worker.name]
        up = f"up {found.at - worker.since:.0f} s"
        click.echo(f"worker {worker.name}: {len(busy)} of {worker.processes} processes busy, {up}")
        for job in busy:
            click.echo(plain(f"  {job.name} {job.args} for {found.at - job.since:.1f} s, process {job.pid}, {job.id}"))
    for later in found.scheduled:
        tried = f", retry {later.retries}" if later.retries else ""
        click.echo(plain(f"due in {later.due - found.at:.0f} s: {later.name} {later.args}{tried}, {later.id}"))
    if found.heartbeat is not None:
        click.echo(f"heartbeat: {found.heartbeat_age:.0f} s ago, {written_time(found.heartbeat)}")
    for run in found.long:
        click.echo(run_line(run, found.at))


def failure_line(failure: Failure) -> str:
    """Write what went wrong in one line."""
    what = f"{failure.error}: {failure.message}" if failure.message else failure.error
    return plain(
        f"{failure.key}  {written_time(failure.last)}  {failure.times:>5} × {failure.kind:<8} {failure.name}  {what}"
    )


def describe(failure: Failure) -> None:
    """Write all that is known of a failure."""
    click.echo(plain(f"{failure.name} {failure.args}: {failure.kind}, {failure.times} ×"))
    click.echo(
        plain(f"first {written_time(failure.first)}, last {written_time(failure.last)}, {failure.worker}, {failure.id}")
    )
    for line in failure.traceback.splitlines():
        click.echo(plain(line))


def write(found: Any) -> None:
    """Write JSON for a program."""
    click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())


def written_time(moment: float) -> str:
    """Write a moment in UTC."""
    return f"{written(moment)} UTC"


def plain(text: str) -> str:
    """Keep what strangers wrote from steering a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
