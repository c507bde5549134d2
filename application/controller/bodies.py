"""How much of a request's body is read, and how long that may take."""

from contextlib import suppress

from flask import abort, request
from werkzeug.exceptions import RequestEntityTooLarge

from application.config import MAX_TEXT_BYTES
from application.utils.deadline import within

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

WRITTEN_IN = frozenset({"writing.create", "writing.edit", "autosaves.keep", "feedback.send"})
"""Where people type texts: what is too long for its field comes back in the form."""

PATIENCE = 20.0
"""Seconds that a body may take, besides those that a slow line needs for its length."""
SLOWEST_LINE = 16 * 1024
"""Bytes a second; a telephone at the edge of its network sends more."""

MOST_SWALLOWED = 64 * 1024 * 1024
_AT_ONCE = 64 * 1024

STILL_TYPED = (
    "Go back in your browser, which should still have what you typed; "
    "a form for articles also offers what was kept meanwhile. Take something out, or make two of it."
)


def read_body() -> bytes:
    """Return this request's body; answer 408 when it does not come, 413 when it is too large."""
    # Three bytes for one, percent by percent: that spelling of a long text costs more than it is worth.
    if request.endpoint in WRITTEN_IN and request.mimetype != FORM:
        request.max_content_length = request.max_form_memory_size = MAX_TEXT_BYTES
    length = min(request.content_length or 0, request.max_content_length or 0)
    try:
        with within(PATIENCE + length / SLOWEST_LINE):
            return request.get_data()
    except TimeoutError:
        abort(408)
    except RequestEntityTooLarge:
        if request.endpoint not in WRITTEN_IN:
            raise
        _swallow()
        abort(413, STILL_TYPED)


def _swallow() -> None:
    """Take what is still being sent: a browser whose line is cut shows that instead of the answer."""
    rest = request.environ["wsgi.input"]
    with suppress(TimeoutError, OSError), within(PATIENCE):
        for _ in range(MOST_SWALLOWED // _AT_ONCE):
            if not rest.read(_AT_ONCE):
                return
