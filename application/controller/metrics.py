"""What Prometheus asks for. Without the operator's token there is no such page."""

from hmac import compare_digest

from flask import Blueprint, Response, abort, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST

from application.measuring.metrics import expose

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def metrics() -> Response:
    """Answer with the figures of all processes to whoever sends `Authorization: Bearer <METRICS_TOKEN>`."""
    token = str(current_app.config["METRICS_TOKEN"])
    given = request.headers.get("Authorization", "")
    if not token or not compare_digest(given.encode(), f"Bearer {token}".encode()):
        abort(404)
    response = Response(expose(), content_type=CONTENT_TYPE_LATEST)
    response.headers["Cache-Control"] = "no-store"
    return response
