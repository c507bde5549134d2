"""What the parts of the console share: who may see them, where they stand, and what they say when Redis is away."""

from collections.abc import Callable
from typing import ParamSpec

from flask import Blueprint, Response, current_app, g, make_response, render_template, request
from flask.typing import ResponseReturnValue

from application.controller.console.reasons import ReasonForm
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
NOT_BEGUN = "Nothing was done: this ended before anything was begun."
HALFWAY = "It is not certain whether this was done: it ended in the middle."


def operators_only(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Let the administrators in, and nobody else."""
    return only(ADMINISTRATORS)(view)


def show(part: str, template: str = "", **facts: object) -> str:
    """Render a page of a part, by default the one that bears its name."""
    return render_template(f"console/{template or part}.html", part=part, parts=PARTS, **facts)


def begin() -> None:
    """Note that what follows changes something, so that nobody is told that nothing was done."""
    g.is_begun = True


@blueprint.errorhandler(RedisError)
def away(error: RedisError) -> Response:
    """Say that Redis is away, and of what was ordered what became of it; nothing typed is lost."""
    current_app.logger.warning("the console has no figures: %s", why(error))
    is_begun = "is_begun" in g
    became = "" if request.method == "GET" else HALFWAY if is_begun else NOT_BEGUN
    if wants_json():
        return answer(503, f"{became} {why(error)}".strip())
    facts = {
        "why": why(error),
        "became": became,
        "is_begun": is_begun,
        "form": ReasonForm() if "why" in request.form else None,
        "others": [one for one in request.form.items(multi=True) if one[0] != "why"],
    }
    part = request.path.removeprefix(f"{blueprint.url_prefix}/").partition("/")[0]
    return make_response(show(part, "away", **facts), 503)
