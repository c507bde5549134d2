"""A job that failed, sent once more as it was: every job may run twice."""

from typing import Any

import msgspec
from celery import Celery
from flask import current_app

from application.data.operations import audit
from application.data.records import Actor
from application.jobs.dispatch import send
from application.jobs.failures import Failure
from application.jobs.overview import failures

OVER = frozenset({"failed", "too long"})
"""Kinds of failure after which nobody tries it again: what was retried or lost is on its way."""
CELERYS_OWN = "celery."
STEPS = "go_on"
"""The steps of long jobs are sent by who keeps their record."""


def may_run_again(failure: Failure) -> bool:
    """Tell whether a job can be sent again as it was."""
    celery: Celery = current_app.extensions["celery"]
    return (
        failure.kind in OVER
        and failure.name in celery.tasks
        and not failure.name.startswith(CELERYS_OWN)
        and failure.name != STEPS
        and _arguments(failure) is not None
    )


def run_again(failure: Failure, by: Actor, why: str) -> bool:
    """Send the job again, and log who did; False when it cannot be. Raises `DatabaseBusy`."""
    args = _arguments(failure)
    if args is None or not may_run_again(failure):
        return False
    audit.record("run job again", f"{failure.name} {failure.args}", by, why=why)
    send(failure.name, *args)
    return True


def forget(failure: Failure, by: Actor, why: str) -> None:
    """Take a failure from the list, and log who did. Raises `RedisError`, `DatabaseBusy`."""
    audit.record("forget failure", f"{failure.name} {failure.kind}", by, why=why, times=failure.times)
    failures().forget(failure.key)


def _arguments(failure: Failure) -> list[Any] | None:
    """Return the arguments, if they were kept and are ids and names."""
    try:
        return list(msgspec.json.decode(failure.args, type=list[int | str]))
    except msgspec.MsgspecError:
        return None
