"""The experiment: what a page takes with some caching switched off, for one operator's own requests alone."""

from flask import abort, current_app, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from application.caching.page_cache import PAGES, PageCache
from application.controller import cookies
from application.controller.console.frame import blueprint, operators_only, show
from application.extensions import cache
from application.measuring.away import RedisError
from application.measuring.trials import LASTS, MOST, Trial, Trials, compare
from application.measuring.windows import WINDOWS, Windows

WHOLE_PAGES = "whole pages"


@blueprint.get("/experiment")
@operators_only
def experiment() -> ResponseReturnValue:
    """Show what may be switched off, and what the operator's requests took."""
    trials = _trials()
    if trials is None:
        return show("experiment", is_possible=False)
    owner = current_user.id
    return show(
        "experiment",
        is_possible=True,
        names=_names(),
        trial=trials.of(request.environ),
        compared=compare(trials.read(owner)),
        minutes=LASTS // 60,
    )


@blueprint.post("/experiment")
@operators_only
def begin_experiment() -> ResponseReturnValue:
    """Switch caching off for this browser, for what was ticked; with nothing ticked, requests are only noted."""
    trials = _trials()
    if trials is None:
        abort(409, "There is no Redis in which to note what requests take.")
    # What is not there any more has nothing to be switched off.
    off = tuple(name for name in _names() if name in request.form.getlist("off"))
    if len(off) > MOST:
        abort(422, f"Tick {MOST} names at most.")
    response = make_response(redirect(url_for("console.experiment"), 303))
    cookies.begin_trial(response, trials.token(Trial(current_user.id, off)))
    return response


@blueprint.post("/experiment/end")
@operators_only
def end_experiment() -> ResponseReturnValue:
    """Switch everything on again; `forget` also forgets what was noted."""
    trials = _trials()
    if trials is not None and "forget" in request.form:
        try:
            trials.forget(current_user.id)
            flash("What your requests took is forgotten.")
        except RedisError:
            # The trial ends all the same, and what was noted goes by itself.
            flash("Redis does not answer, so what your requests took will be forgotten within the hour.")
    response = make_response(redirect(url_for("console.experiment"), 303))
    cookies.end_trial(response)
    return response


def _trials() -> Trials | None:
    pages: PageCache = current_app.extensions[PAGES]
    return pages.trials


def _names() -> list[str]:
    """Return what can be switched off: whole pages, and the functions and fragments that are cached."""
    windows: Windows = current_app.extensions[WINDOWS]
    seen = {one.name for one in windows.read("day").spans if one.kind in {"cached", "fragment"}}
    return [WHOLE_PAGES, *sorted(seen | set(cache.functions))]
