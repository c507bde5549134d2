"""The operators' console: what the site does and what it costs, drawn; for administrators alone."""

from flask import redirect, url_for
from werkzeug.wrappers import Response

# Each part binds its views to the one blueprint.
from application.controller.console import (  # noqa: F401
    cache,
    database,
    experiment,
    explain,
    forgetting,
    jobs,
    live,
    performance,
    ticks,
)
from application.controller.console.frame import blueprint, operators_only

__all__ = ["blueprint"]


@blueprint.get("")
@operators_only
def console() -> Response:
    """Lead to the first part."""
    return redirect(url_for("console.performance"))
