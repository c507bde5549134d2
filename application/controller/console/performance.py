"""What requests and jobs took over the last hour or day, and where the time went."""

from flask import abort, current_app, request
from flask.typing import ResponseReturnValue

from application.controller.console.frame import blueprint, operators_only, show
from application.measuring.window import SLOTS, WindowName
from application.measuring.windows import WINDOWS, Windows

MOST = 40
"""Spans that the page shows; `flask perf spans --json` has all."""


@blueprint.get("/performance")
@operators_only
def performance() -> ResponseReturnValue:
    """Show latencies and errors by route, and the spans that took most."""
    name = asked_window()
    windows: Windows | None = current_app.extensions.get(WINDOWS)
    return show("performance", window=None if windows is None else windows.read(name), name=name, most=MOST)


def asked_window() -> WindowName:
    """Return the window that the address asks for; 400 for one that there is not."""
    asked = request.args.get("window", "hour")
    if asked not in SLOTS:
        abort(400, "The windows are “hour” and “day”.")
    return asked
