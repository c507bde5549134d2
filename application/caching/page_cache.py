"""The fast lane: a stored page is answered before Flask is entered.

A page that may be stored is rendered from a request reduced to its path and the query arguments its view
declares. Cookies, tokens and every other header stay outside, so nothing personal can get into it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

import msgspec
from flask import Flask, request
from werkzeug.exceptions import HTTPException
from werkzeug.sansio.utils import host_is_trusted

from application.caching import encodings
from application.caching.backend import Found, RedisBackend, Stored
from application.caching.keys import page_key
from application.caching.recording import Moment, Recording, record
from application.measuring import timing

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PAGE_POLICY = "page_policy"
ATTEMPTS = 3
PAGE_TYPE = "page"
BEING_STORED = "broadsheet.page"
_TOKENS = ("HTTP_AUTHORIZATION", "HTTP_AUTHENTICATION_TOKEN")
_OURS = {"content-length", "content-encoding", "vary", "etag", "cache-control", "set-cookie", "date", "server-timing"}


@dataclass(frozen=True, slots=True)
class PagePolicy:
    """How a view's pages are kept: hard lifetime in seconds, and the query arguments that matter."""

    timeout: int | None
    args: frozenset[str]
    query_string: bool = False


class Page(msgspec.Struct, frozen=True):
    """A page as it is stored; its bodies lie beside it, by encoding, and are known by their digests."""

    headers: tuple[tuple[str, str], ...]
    digests: dict[str, str]


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer of the application: its bodies by encoding, of which identity is always there."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


class PageCache:
    """WSGI: answer from the store, or render, store and answer."""

    def __init__(self, app: Flask, backend: RedisBackend | None) -> None:
        self.app = app
        self.inner: WSGIApplication = app.wsgi_app
        self.backend = backend
        site = urlsplit(app.config["SETTINGS"].site_url)
        self.scheme, self.host = site.scheme, site.netloc

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request, and say in `X-Cache` what happened."""
        policy, reason = self.consider(environ)
        if policy is None:
            return self._pass_by(environ, start_response, reason)
        arguments = declared(environ, policy)
        # WSGI hands the path over as Latin-1 (PEP 3333); in the key it reads as in the address bar.
        key = page_key(environ["PATH_INFO"].encode("latin-1").decode(errors="replace"), arguments)
        encoding = encodings.choose(environ.get("HTTP_ACCEPT_ENCODING", ""))
        found = Found(None) if self.backend is None else self.backend.fetch_page(key, encoding)
        page = opened(found, encoding)
        if page is not None:
            age = max(0, (policy.timeout or self.default_timeout) - -(-found.pttl // 1000))
            headers = [*page.headers, ("Age", str(age))]
            etag = encodings.etag(page.digests["identity"], encoding)
            return self._send(environ, start_response, headers, found.body, encoding, etag, "hit redis")
        return self._render_and_send(environ, start_response, policy, key, arguments, encoding, found.moment)

    @property
    def default_timeout(self) -> int:
        """Return the lifetime, in seconds, of a page whose view names none."""
        return int(self.app.config["CACHE_DEFAULT_TIMEOUT"])

    def consider(self, environ: "WSGIEnvironment") -> tuple[PagePolicy | None, str]:
        """Decide whether this request may be answered from the store; if not, say why in a word."""
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return None, "method"
        if not host_is_trusted(environ.get("HTTP_HOST"), self.app.config["TRUSTED_HOSTS"]):
            return None, "host"
        if any(token in environ for token in _TOKENS):
            return None, "authorization"
        try:
            endpoint, _ = self.app.url_map.bind_to_environ(environ).match()
        except HTTPException:
            return None, "address"
        policy = getattr(self.app.view_functions[endpoint], PAGE_POLICY, None)
        return policy, "view"

    def _pass_by(self, environ: "WSGIEnvironment", start_response: "StartResponse", reason: str) -> Iterable[bytes]:
        timing.note("cache", f"bypass {reason}")

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            headers.append(("X-Cache", f"bypass {reason}"))
            return start_response(status, headers, exc_info)

        with record(Recording(ambient=True)):
            return self.inner(environ, start)

    def _render_and_send(
        self,
        environ: "WSGIEnvironment",
        start_response: "StartResponse",
        policy: PagePolicy,
        key: str,
        arguments: dict[str, str],
        encoding: str,
        moment: Moment | None,
    ) -> Iterable[bytes]:
        reduced = self._reduced(environ, arguments)
        for attempt in range(ATTEMPTS):
            recording = Recording(moment, uncached=moment is None or attempt == ATTEMPTS - 1)
            with record(recording):
                answer = render(self.inner, dict(reduced))
            refusal = unstorable(answer, recording)
            if refusal:
                return self._send_as_is(environ, start_response, answer, f"bypass {refusal}")
            if self.backend is None or moment is None:
                bodies = {"identity": answer.body}
                return self._send_page(environ, start_response, answer, bodies, encoding, "bypass redis")
            bodies = encodings.encode_all(answer.body)
            if recording.uncached:
                return self._send_page(environ, start_response, answer, bodies, encoding, "bypass race")
            stored = Stored.REFUSED
            if not recording.overtaken:
                stored = self._store(self.backend, key, recording, answer, bodies, policy)
            if stored is not Stored.REFUSED:
                word = "miss" if stored is Stored.YES else "bypass redis"
                return self._send_page(environ, start_response, answer, bodies, encoding, word)
            moment = self.backend.fetch(key).moment
        raise AssertionError("the last attempt always answers")

    def _store(
        self,
        backend: RedisBackend,
        key: str,
        recording: Recording,
        answer: Rendered,
        bodies: dict[str, bytes],
        policy: PagePolicy,
    ) -> Stored:
        page = Page(tuple(kept_headers(answer)), {name: encodings.digest(body) for name, body in bodies.items()})
        assert recording.moment is not None  # noqa: S101 - without one the page is not stored
        encoded = msgspec.json.encode(page)
        return backend.store(key, recording.moment, encoded, PAGE_TYPE, recording.tags, policy.timeout, bodies)

    def _reduced(self, environ: "WSGIEnvironment", arguments: dict[str, str]) -> "WSGIEnvironment":
        """Return the request without anything that is not the page's own."""
        kept = {name: value for name, value in environ.items() if name.startswith("wsgi.")}
        query = "&".join(f"{quote(name)}={quote(value)}" for name, value in sorted(arguments.items()))
        return {
            **kept,
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": environ.get("SCRIPT_NAME", ""),
            "PATH_INFO": environ["PATH_INFO"],
            "QUERY_STRING": query,
            "SERVER_NAME": environ["SERVER_NAME"],
            "SERVER_PORT": environ["SERVER_PORT"],
            "SERVER_PROTOCOL": environ["SERVER_PROTOCOL"],
            "REMOTE_ADDR": "",
            "HTTP_HOST": self.host,
            "wsgi.url_scheme": self.scheme,
            "wsgi.input": BytesIO(),
            BEING_STORED: True,
        }

    def _send_page(
        self,
        environ: "WSGIEnvironment",
        start_response: "StartResponse",
        answer: Rendered,
        bodies: dict[str, bytes],
        encoding: str,
        outcome: str,
    ) -> Iterable[bytes]:
        if encoding not in bodies:
            bodies = {**bodies, encoding: encodings.encode(answer.body, encoding)}
        etag = encodings.etag(encodings.digest(answer.body), encoding)
        return self._send(environ, start_response, kept_headers(answer), bodies[encoding], encoding, etag, outcome)

    def _send(
        self,
        environ: "WSGIEnvironment",
        start_response: "StartResponse",
        headers: Iterable[tuple[str, str]],
        body: bytes,
        encoding: str,
        etag: str,
        outcome: str,
    ) -> Iterable[bytes]:
        timing.note("cache", outcome)
        # The answer of a race is true, but not worth keeping: a newer one is a moment away.
        control = "no-store" if outcome == "bypass race" else "no-cache"
        common = [("Cache-Control", control), ("ETag", etag), ("Vary", "Accept-Encoding"), ("X-Cache", outcome)]
        if encodings.is_unchanged(environ.get("HTTP_IF_NONE_MATCH", ""), etag):
            start_response("304 Not Modified", common)
            return []
        if encoding != "identity":
            common.append(("Content-Encoding", encoding))
        start_response("200 OK", [*headers, *common, ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _send_as_is(
        self, environ: "WSGIEnvironment", start_response: "StartResponse", answer: Rendered, outcome: str
    ) -> Iterable[bytes]:
        timing.note("cache", outcome)
        headers = [(name, value) for name, value in answer.headers if name.lower() not in {"content-length", "vary"}]
        headers += [("X-Cache", outcome), ("Content-Length", str(len(answer.body)))]
        start_response(answer.status, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]


def is_being_stored() -> bool:
    """Tell whether the request at hand is one for a page that may be stored."""
    return bool(request.environ.get(BEING_STORED))


def declared(environ: "WSGIEnvironment", policy: PagePolicy) -> dict[str, str]:
    """Return the query arguments that the view declares, the first value of each."""
    query = environ.get("QUERY_STRING", "")
    if not query or not (policy.args or policy.query_string):
        return {}
    try:
        parsed = parse_qs(query, max_num_fields=100)
    except ValueError:
        return {}
    return {name: values[0] for name, values in parsed.items() if policy.query_string or name in policy.args}


def opened(found: Found, encoding: str) -> Page | None:
    """Return the stored page if its body is the one that was signed."""
    if found.entry is None or found.entry.type != PAGE_TYPE:
        return None
    try:
        page = msgspec.json.decode(found.entry.value, type=Page)
    except msgspec.MsgspecError:
        return None
    return page if page.digests.get(encoding) == encodings.digest(found.body) else None


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
    if not answer.status.startswith(str(HTTPStatus.OK.value)):
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


def kept_headers(answer: Rendered) -> list[tuple[str, str]]:
    """Return the headers that belong to the page; ours are made for each answer."""
    return [(name, value) for name, value in answer.headers if name.lower() not in _OURS]
