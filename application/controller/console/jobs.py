"""The jobs: what waits, what runs, what failed, and long ones with their progress."""

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from application.controller.console import frame
from application.controller.console.frame import begin, blueprint, operators_only
from application.controller.console.reasons import TOO_BUSY, ReasonForm
from application.controller.staff import actor
from application.data.errors import DatabaseBusy
from application.jobs import again, long_jobs
from application.jobs.failures import Failure
from application.jobs.kinds import LongJob, Unable
from application.jobs.overview import NO_WORKER, failures, look
from application.jobs.runs import Run, RunsAlready


@blueprint.get("/jobs")
@operators_only
def jobs() -> str:
    """Show queues, workers, what runs and what failed, and how far long jobs are."""
    return frame.show("jobs", found=look(), failures=failures().latest(), kinds=long_jobs.KINDS)


@blueprint.get("/jobs/start")
@operators_only
def ask_start() -> ResponseReturnValue:
    """Say what a long job does, and ask why."""
    return _ask_start(_kind(), ReasonForm(formdata=None), _warning())


@blueprint.post("/jobs/start")
@operators_only
def start() -> ResponseReturnValue:
    """Start a long job; written down with who and why."""
    job, form, warning = _kind(), ReasonForm(), _warning()
    if not form.validate():
        return _ask_start(job, form, warning, 422)
    begin()
    try:
        long_jobs.start(job, actor(), form.why.data)
    except RunsAlready:
        return _ask_start(job, form, warning, 409, "It runs already: one of its kind at a time.")
    except Unable as error:
        return _ask_start(job, form, warning, 409, f"{error}.")
    except DatabaseBusy:
        return _ask_start(job, form, warning, 503, TOO_BUSY)
    flash(f"“{job.title}” is started.")
    return redirect(url_for("console.jobs", _anchor="long"), 303)


@blueprint.get("/jobs/cancel")
@operators_only
def ask_cancel() -> ResponseReturnValue:
    """Ask whether a long job shall end before its time, and why."""
    return _ask_cancel(_run(), ReasonForm(formdata=None))


@blueprint.post("/jobs/cancel")
@operators_only
def cancel() -> ResponseReturnValue:
    """End a long job before its time; written down with who and why."""
    run, form = _run(), ReasonForm()
    if not form.validate():
        return _ask_cancel(run, form, 422)
    begin()
    try:
        ended = long_jobs.cancel(run.id, actor(), form.why.data)
    except DatabaseBusy:
        return _ask_cancel(run, form, 503, TOO_BUSY)
    flash("It is cancelled; what it has done stays done." if ended else "It was over already.")
    return redirect(url_for("console.jobs", _anchor="long"), 303)


@blueprint.get("/jobs/failure")
@operators_only
def failure() -> ResponseReturnValue:
    """Show a failure with its traceback, and what can be done about it."""
    return _show_failure(_failure(), ReasonForm(formdata=None))


@blueprint.post("/jobs/failure")
@operators_only
def settle_failure() -> ResponseReturnValue:
    """Send the job again, or forget that it failed; written down with who and why."""
    found, form, deed = _failure(), ReasonForm(), request.form.get("do")
    if deed not in {"again", "forget"}:
        abort(400, "This form has no such button.")
    if not form.validate():
        return _show_failure(found, form, 422)
    why = form.why.data
    begin()
    try:
        if deed == "forget":
            again.forget(found, actor(), why)
            flash("It is forgotten. If it happens again, it stands here again.")
        elif again.run_again(found, actor(), why):
            flash("It is sent again. Should it fail again, its number here grows.")
        else:
            return _show_failure(found, form, 409, "This job cannot be sent again as it was.")
    except DatabaseBusy:
        return _show_failure(found, form, 503, TOO_BUSY)
    return redirect(url_for("console.jobs", _anchor="failed"), 303)


def _kind() -> LongJob:
    return long_jobs.KINDS.get(request.values.get("job", "")) or abort(400, "There is no such long job.")


def _run() -> Run:
    """Return the run that the request names; 404 for one that is forgotten."""
    run_id = request.values.get("run", "") or abort(400, "Name the long job that is to be cancelled.")
    return long_jobs.runs().find(run_id) or abort(404)


def _failure() -> Failure:
    key = request.values.get("key", "") or abort(400, "Name the failure.")
    return failures().find(key) or abort(404)


def _warning() -> str:
    return "" if look().workers else NO_WORKER


def _ask_start(
    job: LongJob, form: ReasonForm, warning: str, status: int = 200, problem: str = ""
) -> ResponseReturnValue:
    return frame.show("jobs", "jobs_start", job=job, form=form, problem=problem, warning=warning), status


def _ask_cancel(run: Run, form: ReasonForm, status: int = 200, problem: str = "") -> ResponseReturnValue:
    facts = {"run": run, "job": long_jobs.KINDS.get(run.name), "form": form, "problem": problem}
    return frame.show("jobs", "jobs_cancel", **facts), status


def _show_failure(found: Failure, form: ReasonForm, status: int = 200, problem: str = "") -> ResponseReturnValue:
    facts = {"failure": found, "form": form, "problem": problem, "may_run_again": again.may_run_again(found)}
    return frame.show("jobs", "jobs_failure", **facts), status
