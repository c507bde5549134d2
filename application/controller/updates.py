"""The addresses that the teaching site had for long jobs and live messages; they lead to the console."""

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from application.controller.console.frame import operators_only

blueprint = Blueprint("updates", __name__)


@blueprint.get("/start_long_running_job")
@operators_only
def start_long_running_job() -> Response:
    """Lead to the question whether all pages shall be rebuilt: opening an address starts nothing."""
    return redirect(url_for("console.ask_start", job="rebuild-pages"))


@blueprint.get("/show_updates")
@operators_only
def show_updates() -> Response:
    """Lead to where the progress of long jobs is shown."""
    return redirect(url_for("console.jobs", _anchor="long"))


@blueprint.get("/test_send_message")
@operators_only
def test_send_message() -> Response:
    """Lead to the button that sends a message to every open page: opening an address sends nothing."""
    return redirect(url_for("console.live"))
