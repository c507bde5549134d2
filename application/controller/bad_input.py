"""What no view should have to think about: bytes that are no text, text that no database stores, addresses too long."""

import json
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask, abort, request
from werkzeug.routing import BaseConverter

from application.controller.bodies import FORM, MULTIPART, read_body
from application.utils.ids import ID_PATTERN
from application.utils.offload import run_in_thread

LONGEST_QUERY = 4000
QUICKLY_READ = 20_000
"""Bytes that are decoded within a few milliseconds."""

# C0 and C1 controls, which no address of ours contains.
_CONTROLS = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0))))


class IdConverter(BaseConverter):
    """A row's id in an address: one spelling, and never larger than a database can compare."""

    regex = ID_PATTERN
    weight = 50

    def to_python(self, value: str) -> int:
        """Read the id; the pattern alone decides, for werkzeug answers 405 where a converter refuses."""
        return int(value)


def init_app(app: Flask) -> None:
    """Check each request before its view; must come before the blueprints, for the `int` of their addresses."""
    app.url_map.converters["int"] = IdConverter
    app.before_request(refuse_unreadable_input)


def refuse_unreadable_input() -> None:
    """Answer 400, 404 or 414 to a request whose address or body is not clean text."""
    # Werkzeug reads "//account" as "/account"; a cache in between may not, and keys must not multiply.
    if request.environ.get("PATH_INFO", "").startswith("//") or not _CONTROLS.isdisjoint(request.path):
        abort(404)
    if len(request.query_string) > LONGEST_QUERY:
        abort(414)
    if any(not _CONTROLS.isdisjoint(name + value) for name, value in request.args.items(multi=True)):
        abort(400, "The address contains control characters.")
    if request.method in {"POST", "PUT", "PATCH"}:
        _check_body()


def _check_body() -> None:
    data = read_body()
    if len(data) > QUICKLY_READ:
        run_in_thread(_read, data)
    else:
        _read(data)


def _read(data: bytes) -> None:
    """Check the body, and have a form parsed: 200 ms for the largest, so it may run in a thread."""
    if request.mimetype in {FORM, MULTIPART}:
        _check_text(unquote_to_bytes(data) if request.mimetype == FORM else data)
        _ = request.form
    elif request.is_json:
        _check_json(data)
    elif data:
        abort(415)


def _check_text(data: bytes) -> None:
    """Refuse what Werkzeug would silently replace (bytes that are no UTF-8) and what PostgreSQL cannot store (NUL)."""
    try:
        data.decode()
    except UnicodeDecodeError:
        abort(400, "The form is not encoded as UTF-8.")
    if b"\x00" in data:
        abort(400, "The form contains a NUL character.")


def _check_json(data: bytes) -> None:
    """Refuse JSON that is broken, too deep, or spells half a character (RFC 8259, section 8.2)."""
    try:
        value: Any = json.loads(data)
        text = json.dumps(value, ensure_ascii=False)
        text.encode()
    except (ValueError, RecursionError):
        abort(400, "The body is not JSON that can be read.")
    if "\\u0000" in text:
        abort(400, "The body contains a NUL character.")
    # Flask-Security reads JSON as if it were a form, and takes each value for a string.
    if request.blueprint == "security" and not _is_like_a_form(value):
        abort(400, "The body must be a JSON object of strings, true and false.")


def _is_like_a_form(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str | bool | None) for item in value.values())
