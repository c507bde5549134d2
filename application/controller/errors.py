"""What is answered when something is wrong: a page in the site's look, or a problem (RFC 9457) for programs."""

import json

from flask import Flask, Response, make_response, redirect, render_template, request
from flask_limiter.errors import RateLimitExceeded
from werkzeug.exceptions import HTTPException, default_exceptions
from werkzeug.http import HTTP_STATUS_CODES

from application.controller.addresses import LONGEST_PATH, fold, is_askable
from application.controller.limits import refusal
from application.data.data_access import find_old_address
from application.data.errors import DatabaseBusy, NotFound
from application.utils.offload import TooBusyError
from application.utils.pagination import InvalidCursor

TEXTS = {
    400: ("This request makes no sense", "Something in the address or in what was sent cannot be right."),
    401: ("Who are you?", "This needs an account, and the request says of none."),
    403: ("This is not allowed", "You may not do this. Perhaps you are signed out, or it is somebody else’s to do."),
    404: ("There is nothing here", "The page was moved or taken back, or the address has a slip in it."),
    405: ("Not in this way", "This address exists, but it does not take this kind of request."),
    408: ("This took too long", "What was sent did not arrive in time, so nothing was done. Please send it again."),
    409: ("Somebody was quicker", "What is stored has changed since you looked. Look again, then decide."),
    413: ("This is too large", "What was sent is larger than the site takes. Make it smaller and send it again."),
    415: ("This cannot be read", "What was sent is in a format that this address does not take."),
    422: ("This cannot be done", "What was sent can be read, but not stored as it is."),
    429: ("Too much at once", "The site takes only so much in a while; nothing of this was done."),
    500: ("Something broke", "The fault is ours and has been noted. Try again in a moment."),
    503: ("Too busy at the moment", "Try again in a few seconds; nothing was stored."),
}
OTHER = ("This did not work", "The request could not be answered.")
PHRASES = {**HTTP_STATUS_CODES, 413: "Content Too Large", 422: "Unprocessable Content"}
"""What RFC 9110 calls each status; for these two werkzeug has older names."""


def register_errors(app: Flask) -> None:
    """Answer every error in the site's own words."""
    app.register_error_handler(HTTPException, answer_error)
    app.register_error_handler(404, answer_not_found)
    app.register_error_handler(RateLimitExceeded, answer_too_much)
    app.register_error_handler(NotFound, lambda _error: answer_not_found(None))
    app.register_error_handler(InvalidCursor, lambda _error: answer(400, "This is not a page of the list."))
    app.register_error_handler(DatabaseBusy, answer_busy)
    app.register_error_handler(TooBusyError, answer_busy)


def answer_error(error: HTTPException) -> Response:
    """Answer with the error's own status and headers, or with what a view made for it already."""
    if isinstance(error.response, Response):
        return error.response
    response = answer(error.code or 500, _own_words(error))
    for name, value in error.get_headers(request.environ):
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def answer_not_found(error: HTTPException | None) -> Response:
    """Lead old addresses to where the article is now; answer 404 to the rest."""
    path = fold(request.path.rstrip("/"))
    if request.method in {"GET", "HEAD"} and is_askable(path, LONGEST_PATH) and (now := find_old_address(path)):
        # A browser keeps a bare 301 for ever; the address may be given to another article one day.
        moved = make_response(redirect(now, 301))
        moved.headers["Cache-Control"] = "no-cache"
        return moved
    return answer(404) if error is None else answer_error(error)


def answer_too_much(error: RateLimitExceeded) -> Response:
    """Say which limit was reached and for how long; the header says the same."""
    return error.response if isinstance(error.response, Response) else answer(429, refusal(error))


def answer_busy(error: DatabaseBusy | TooBusyError) -> Response:
    """Ask to come back when another writer held the database for too long, or too many are in line."""
    response = answer(503)
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def answer(status: int, detail: str = "") -> Response:
    """Answer with this status: a problem document for programs, a page for people."""
    heading, text = TEXTS.get(status, OTHER)
    response = problem(status, detail or text) if wants_json() else _page(status, heading, text, detail)
    response.headers["Cache-Control"] = "no-store"
    return response


def problem(status: int, detail: str) -> Response:
    """Make a problem document (RFC 9457); of the type `about:blank`, whose title is the status' own name."""
    document = {"type": "about:blank", "title": PHRASES.get(status, OTHER[0]), "status": status, "detail": detail}
    return Response(json.dumps(document) + "\n", status, content_type="application/problem+json")


def wants_json() -> bool:
    """Tell whether a program asks: by the address, or because it prefers JSON to HTML."""
    if request.path.startswith("/api/"):
        return True
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def _own_words(error: HTTPException) -> str:
    """Return what a controller said to `abort`; other descriptions are werkzeug's, and may repeat what was sent."""
    is_ours = type(error) is default_exceptions.get(error.code or 500) and error.description != type(error).description
    return error.description or "" if is_ours else ""


def _page(status: int, heading: str, text: str, detail: str) -> Response:
    html = render_template("errors/error.html", status=status, heading=heading, text=text, detail=detail)
    return make_response(html, status)
