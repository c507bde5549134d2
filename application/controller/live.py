"""The stream of live events."""

import random
import socket

from flask import Blueprint, Response, request

from application.extensions import live
from application.live import StreamsFullError

blueprint = Blueprint("live", __name__)

HEADERS = {
    "Cache-Control": "no-store",
    # nginx would otherwise keep events until its buffer is full.
    "X-Accel-Buffering": "no",
}


@blueprint.get("/stream")
def stream() -> Response:
    """Stream the public events as they happen, beginning after the last one the reader saw; 503 when there is no room.

    A browser that reconnects names it in `Last-Event-ID`; a script that opens a stream anew can only say `?last=`.
    """
    if request.method == "HEAD":
        return Response(content_type="text/event-stream; charset=utf-8", headers=HEADERS)
    try:
        # A page that takes over from another begins a stream of its own, and cannot set the header for it.
        events = live.open(request.headers.get("Last-Event-ID") or request.args.get("last"), _client())
    except StreamsFullError:
        return _come_back_later()
    # Passed through as it is: the server closes it, and nothing of the request lives as long as the stream.
    return Response(events, content_type="text/event-stream; charset=utf-8", headers=HEADERS, direct_passthrough=True)


def _client() -> socket.socket | None:
    """Find the connection that this one answer has for itself (HTTP/2 shares one)."""
    if not request.environ.get("SERVER_PROTOCOL", "").startswith("HTTP/1"):
        return None
    found: socket.socket | None = request.environ.get("gunicorn.socket") or request.environ.get("werkzeug.socket")
    return found


def _come_back_later() -> Response:
    seconds = random.randint(5, 15)  # noqa: S311 - spreads the returning clients, guards nothing
    text = f"All live streams are taken. Try again in {seconds} seconds.\n"
    return Response(text, 503, {**HEADERS, "Retry-After": str(seconds)}, content_type="text/plain; charset=utf-8")
