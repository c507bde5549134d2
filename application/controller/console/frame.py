"""What the parts of the console share: who may see them, where they stand, and what they say when Redis is away."""

from collections.abc import Callable
from typing import ParamSpec

from flask import Blueprint, Response, current_app, make_response, render_template
from flask.typing import ResponseReturnValue

from application.controller.errors import answer, wants_json
from application.controller.permissions import ADMINISTRATORS
from application.controller.staff import only
from application.measuring.away import RedisError, why

P = ParamSpec("P")

blueprint = Blueprint("console", __name__, url_prefix="/console")

PARTS = {
    "performance": "Performance",
    "cache": "Cache",
    "database": "Database",
    "jobs": "Jobs",
    "live": "Live",
    "experiment": "Experiment",
    "explain": "Explain",
}
"""The parts of the console, as the navigation lists them."""


def operators_only(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Let the administrators in, and nobody else."""
    return only(ADMINISTRATORS)(view)


def show(part: str, template: str = "", **facts: object) -> str:
    """Render a page of a part, by default the one that bears its name."""
    return render_template(f"console/{template or part}.html", part=part, parts=PARTS, **facts)


@blueprint.errorhandler(RedisError)
def away(error: RedisError) -> Response:
    """Say that the figures cannot be read now; the rest of the console can still be reached."""
    current_app.logger.warning("the console has no figures: %s", why(error))
    if wants_json():
        return answer(503, why(error))
    return make_response(render_template("console/away.html", part="", parts=PARTS, why=why(error)), 503)
