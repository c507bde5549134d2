"""Live events: what was sent to open pages, how many listen, and a message to try the way from here to there."""

from secrets import token_hex

from flask import current_app, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from application.controller.console import frame
from application.controller.console.frame import blueprint, operators_only
from application.controller.errors import wants_json
from application.extensions import live as site_live
from application.live import Hub

LATEST = 20
TEST = "test"
"""The event's name. Readers' pages wait for others, and take no notice of it."""
NOT_TAKEN = "Redis did not take the message, so no page will get it. Try again in a moment."


@blueprint.get("/live")
@operators_only
def live() -> str:
    """Show what was sent last, and how many streams this worker holds."""
    return _page()


@blueprint.post("/live")
@operators_only
def send_message() -> ResponseReturnValue:
    """Send a message to every open stream; 503 when Redis does not take it."""
    # Every reader's stream gets it: nothing that anybody typed, and not who sent it.
    message = token_hex(4)
    is_sent = site_live.publish(TEST, {"message": message})
    if wants_json():
        return {"message": message, "sent": is_sent}, 200 if is_sent else 503
    if not is_sent:
        return _page(NOT_TAKEN), 503
    flash(f"Message {message} is sent.")
    return redirect(url_for("console.live"), 303)


def _page(problem: str = "") -> str:
    hub: Hub = current_app.extensions["live"]
    # Without Redis, what was typed wrong or not taken is still told.
    latest, kept = ([], 0) if problem else site_live.latest(LATEST)
    return frame.show("live", latest=latest, kept=kept, streams=len(hub), most=hub.limit, problem=problem)
