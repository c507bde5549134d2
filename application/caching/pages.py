"""Whole pages: what the application answered, and what of it is kept for everybody."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

from application.caching import encodings
from application.caching.recording import Recording
from application.caching.storing import Found

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

PAGE_TYPE = "page"
KEEPABLE = frozenset({HTTPStatus.OK, HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT})
"""A page, or the way to where it is now. Anything else is the answer to one request."""
_OURS = {"content-length", "content-encoding", "vary", "etag", "cache-control", "set-cookie", "date", "server-timing"}


class Page(msgspec.Struct, frozen=True):
    """A page as it is stored; its bodies lie beside it, by encoding, and are known by their digests."""

    status: str
    headers: tuple[tuple[str, str], ...]
    digests: dict[str, str]


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer of the application."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def code(self) -> int:
        """Return the status as a number."""
        return int(self.status[:3])


class Sendable:
    """A page ready to be sent: the header lines of each encoding are put together once."""

    __slots__ = ("bodies", "etags", "head", "lines", "status", "tags", "unchanged")

    def __init__(self, page: Page, bodies: Mapping[str, bytes], tags: tuple[str, ...] = ()) -> None:
        self.status = page.status
        self.bodies = bodies
        self.tags = tags
        self.etags = {name: f'"{digest}"' for name, digest in page.digests.items()}
        # nginx may keep it for a second; a purge cannot reach it there (X-Accel-Expires is stripped by it).
        always = [("Cache-Control", "no-cache"), ("Vary", "Accept-Encoding"), ("X-Accel-Expires", "1")]
        self.lines: dict[str, list[tuple[str, str]]] = {}
        self.unchanged: dict[str, list[tuple[str, str]]] = {}
        for name, body in bodies.items():
            validated = [*always, ("ETag", self.etags[name])]
            encoded = [] if name == "identity" else [("Content-Encoding", name)]
            self.lines[name] = [*page.headers, *validated, *encoded, ("Content-Length", str(len(body)))]
            self.unchanged[name] = validated

    def is_unchanged(self, if_none_match: str, encoding: str) -> bool:
        """Tell whether this is what the reader has; a way to elsewhere is always told (RFC 9110, 13.2.1)."""
        return self.status.startswith("200") and encodings.is_unchanged(if_none_match, self.etags[encoding])

    @property
    def size(self) -> int:
        """Return about how many bytes it takes in memory."""
        return sum(map(len, self.bodies.values())) + 4000


def render(app: "WSGIApplication", environ: "WSGIEnvironment") -> Rendered:
    """Run the application and collect its whole answer."""
    started: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
        started[:] = [status, headers]
        return written.append

    written: list[bytes] = []
    chunks = app(environ, start)
    try:
        body = b"".join([*written, *chunks])
    finally:
        getattr(chunks, "close", lambda: None)()
    return Rendered(started[0], started[1], body)


def unstorable(answer: Rendered, recording: Recording) -> str:
    """Say in a word why this answer is for one reader only; empty when it is for everybody."""
    if answer.code not in KEEPABLE or (answer.code != HTTPStatus.OK and not recording.tags):
        # A way that no data tells, such as that of another spelling, has endless beginnings.
        return "status"
    names = {name.lower() for name, _ in answer.headers}
    if "set-cookie" in names:
        return "set-cookie"
    values = {name.lower(): value.lower() for name, value in answer.headers}
    if "no-store" in values.get("cache-control", "") or "private" in values.get("cache-control", ""):
        return "private"
    # Flask-Login looks at the session of every request; here that session is empty by construction.
    varies = {name.strip() for name in values.get("vary", "").split(",")} - {"", "cookie", "accept-encoding"}
    return "vary" if varies else recording.unstorable


def page_of(answer: Rendered, bodies: Mapping[str, bytes]) -> Page:
    """Return what is stored of an answer: headers that are the page's own, and the digests of its bodies."""
    kept = tuple((name, value) for name, value in answer.headers if name.lower() not in _OURS)
    return Page(answer.status, kept, {name: encodings.digest(body) for name, body in bodies.items()})


def opened(found: Found) -> Sendable | None:
    """Return the stored page if its bodies are those that were signed."""
    if found.entry is None or found.entry.type != PAGE_TYPE:
        return None
    try:
        page = msgspec.json.decode(found.entry.value, type=Page)
    except msgspec.MsgspecError:
        return None
    if page.digests != {name: encodings.digest(body) for name, body in found.bodies.items()}:
        return None
    return Sendable(page, found.bodies, found.entry.tags)
