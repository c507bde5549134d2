"""Whole pages: answered from memory or Redis, or rendered once for everybody who asks.

A page that may be stored is rendered from a request reduced to its path and the query arguments its view
declares. Cookies, tokens and every other header stay outside, so nothing personal can get into it.
"""

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from flask import Flask, request
from flask_caching.utils import query_args_as_pairs
from werkzeug.exceptions import HTTPException
from werkzeug.sansio.utils import host_is_trusted

from application.caching import encodings
from application.caching.backend import RedisBackend
from application.caching.counters import family_of
from application.caching.fast_lane import FastLane
from application.caching.keys import page_address, page_key
from application.caching.page_maker import PageMaker
from application.caching.pages import Sendable
from application.caching.recording import Recording, record
from application.caching.seen import Seen, View
from application.caching.wanted import Answer, PagePolicy, Wanted
from application.measuring import figures, timing
from application.measuring.trials import Trials

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PAGE_POLICY = "page_policy"
PAGES = "broadsheet_pages"
"""Where an application keeps its `PageCache` among its extensions."""
BEING_STORED = "broadsheet.page"
_TOKENS = ("HTTP_AUTHORIZATION", "HTTP_AUTHENTICATION_TOKEN")


class PageCache:
    """WSGI: answer from the store, or render, store and answer."""

    def __init__(self, app: Flask, backend: RedisBackend | None) -> None:
        self.app = app
        self.inner: WSGIApplication = app.wsgi_app
        self.backend = backend
        self.maker = PageMaker(app.wsgi_app, backend)
        self.lane: FastLane | None = None
        self.trials: Trials | None = None
        if backend is not None:
            self.trials = Trials(str(app.config["SECRET_KEY"]), backend.client, backend.ask)
        site = urlsplit(app.config["SETTINGS"].site_url)
        self.scheme, self.host = site.scheme, site.netloc
        self.seen = Seen(str(app.config["SECRET_KEY"]), secure=self.scheme == "https")

    def fast_lane(self, app: "WSGIApplication") -> "WSGIApplication":
        """Put the fast lane in front of everything that stands around this cache."""
        if self.backend is None:
            return app
        self.lane = FastLane(app, self.backend.memory)
        return self.lane

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request, and say in `X-Cache` what happened."""
        with timing.span("page", "consider") as considering:
            policy, reason = self.consider(environ)
        if policy is None:
            return self._pass_by(environ, start_response, reason)
        trial = None if self.trials is None else self.trials.of(environ)
        if self.trials is None or trial is None:
            return self._answer(environ, start_response, policy, considering.elapsed)
        try:
            if trial.off:
                return self._pass_by(environ, start_response, "trial", frozenset(trial.off))
            return self._answer(environ, start_response, policy, considering.elapsed)
        finally:
            if (measurement := timing.current()) is not None:
                self.trials.note(trial, measurement)

    def _answer(
        self, environ: "WSGIEnvironment", start_response: "StartResponse", policy: PagePolicy, considered: int
    ) -> Iterable[bytes]:
        """Answer with the page, which took so many ns to consider."""
        with timing.span("page", "find") as finding:
            wanted, view = self._wanted(environ, policy)
            answer = self.maker.answer(wanted, view)
            finding.note = f"{answer.outcome}: {wanted.key}"
        family = family_of(wanted.key)
        figures.process.add(figures.LOOKED_UP, family, considered + finding.elapsed)
        with timing.span("page", "send"):
            self._count(wanted.key, answer)
            if answer.page is None:
                return self._send_as_is(environ, start_response, answer)
            encoding = encodings.choose(environ.get("HTTP_ACCEPT_ENCODING", ""))
            if self.lane is not None and answer.kept is not None:
                self.lane.note(environ, answer.kept, encoding, _lane(family))
            return self._send(environ, start_response, answer, answer.page, encoding)

    def _wanted(self, environ: "WSGIEnvironment", policy: PagePolicy) -> tuple[Wanted, View]:
        arguments = declared(environ, policy)
        view = View.ANY if self.backend is None else self.seen.view(environ, self.backend.memory.moment)
        # WSGI hands the path over as Latin-1 (PEP 3333); in the key it reads as in the address bar.
        key = page_key(environ["PATH_INFO"].encode("latin-1").decode(errors="replace"), arguments)
        return Wanted(key, policy, self._reduced(environ, arguments), fresh=view is View.REDIS), view

    def _count(self, key: str, answer: Answer) -> None:
        # A page in memory counts its own hits.
        if self.backend is not None and (answer.outcome != "hit process" or answer.rendered is not None):
            self.backend.counters.note(key, "bypass" if answer.outcome.startswith("bypass") else answer.outcome)

    def refill(self, key: str) -> str:
        """Make a page before somebody asks for it, unless it is there or somebody is at it; say what happened."""
        address = page_address(key)
        return "bypass key" if address is None else self.remake(*address, anew=False)

    def remake(self, path: str, arguments: Mapping[str, str], *, anew: bool = True) -> str:
        """Make a page, also when it is there if it is to be made anew, unless somebody is at it; say what happened."""
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path.encode().decode("latin-1"),
            "QUERY_STRING": urlencode(arguments),
            "HTTP_HOST": self.host,
            "SERVER_NAME": self.host,
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self.scheme,
            "wsgi.errors": sys.stderr,
        }
        policy, reason = self.consider(environ)
        if policy is None:
            return f"bypass {reason}"
        if declared(environ, policy) != arguments:
            return "bypass key"
        key = page_key(path, arguments)
        # A request made inside a job's own context would take it over, with all that was read there.
        with self.app.app_context():
            wanted = Wanted(key, policy, self._reduced(environ, arguments), ahead=True)
            return self.maker.refill(wanted, anew=anew)

    def consider(self, environ: "WSGIEnvironment") -> tuple[PagePolicy | None, str]:
        """Decide whether this request may be answered from the store; if not, say why in a word."""
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return None, "method"
        if not host_is_trusted(environ.get("HTTP_HOST"), self.app.config["TRUSTED_HOSTS"]):
            return None, "host"
        if any(token in environ for token in _TOKENS):
            return None, "authorization"
        try:
            rule, _ = self.app.url_map.bind_to_environ(environ).match(return_rule=True)
        except HTTPException:
            return None, "address"
        timing.note_route(rule.rule)
        policy = getattr(self.app.view_functions[rule.endpoint], PAGE_POLICY, None)
        return policy, "view"

    def _reduced(self, environ: "WSGIEnvironment", arguments: Mapping[str, str]) -> "WSGIEnvironment":
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
            BEING_STORED: True,
        }

    # Answering.

    def _pass_by(
        self,
        environ: "WSGIEnvironment",
        start_response: "StartResponse",
        reason: str,
        without: frozenset[str] = frozenset(),
    ) -> Iterable[bytes]:
        timing.note("cache", f"bypass {reason}")
        recording = Recording(ambient=True, without=without)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            headers.append(("X-Cache", f"bypass {reason}"))
            if (seen := self.seen.header(recording)) is not None:
                headers.append(seen)
            return start_response(status, headers, exc_info)

        with record(recording):
            return self.inner(environ, start)

    def _send(
        self,
        environ: "WSGIEnvironment",
        start_response: "StartResponse",
        answer: Answer,
        page: Sendable,
        encoding: str,
    ) -> Iterable[bytes]:
        timing.note("cache", answer.outcome)
        own = [("X-Cache", answer.outcome), ("Age", str(int(answer.age)))]
        is_unchanged = page.is_unchanged(environ.get("HTTP_IF_NONE_MATCH", ""), encoding)
        lines = page.unchanged[encoding] if is_unchanged else page.lines[encoding]
        if answer.outcome in {"bypass race", "bypass write", "stale error"}:
            # True for this reader, or better than nothing: not to be kept, since a newer one is a moment away.
            lines = [line for line in lines if line[0] not in {"Cache-Control", "X-Accel-Expires"}]
            lines.append(("Cache-Control", "no-store"))
        start_response("304 Not Modified" if is_unchanged else page.status, [*lines, *own])
        if is_unchanged:
            return []
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [page.bodies[encoding]]

    def _send_as_is(
        self, environ: "WSGIEnvironment", start_response: "StartResponse", answer: Answer
    ) -> Iterable[bytes]:
        timing.note("cache", answer.outcome)
        rendered = answer.rendered
        assert rendered is not None  # noqa: S101 - an answer has a page or this
        headers = [(name, value) for name, value in rendered.headers if name.lower() not in {"content-length", "vary"}]
        headers += [("X-Cache", answer.outcome), ("Content-Length", str(len(rendered.body)))]
        if answer.outcome.startswith("hit"):
            headers.append(("Age", str(int(answer.age))))
        if all(name.lower() != "cache-control" for name, _ in headers):
            # The application left that to the page cache, and this is one reader's.
            headers.append(("Cache-Control", "private, no-store"))
        start_response(rendered.status, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [rendered.body]


def is_being_stored() -> bool:
    """Tell whether the request at hand is one for a page that may be stored."""
    return bool(request.environ.get(BEING_STORED))


def _lane(family: str) -> figures.Lane:
    """Return what counts the requests that get a page of this route and family out of memory."""
    measurement = timing.current()
    rule = "" if measurement is None else measurement.route
    return figures.process.lane(figures.route_name("GET", rule), family)


def declared(environ: "WSGIEnvironment", policy: PagePolicy) -> dict[str, str]:
    """Return the query arguments that the view declares, the first value of each."""
    query = environ.get("QUERY_STRING", "")
    if not query or not (policy.args or policy.query_string):
        return {}
    try:
        return chosen(parse_qsl(query, max_num_fields=100), policy)
    except ValueError:
        return {}


def key_of_page(
    app: Flask, view: Any, policy: PagePolicy, path: str | None = None, query_args: Any = None, **values: Any
) -> str:
    """Return the key of a view's page at this path, or at the one that these values of its address build."""
    if path is None:
        endpoint = next(name for name, function in app.view_functions.items() if function is view)
        path = unquote(app.url_map.bind("").build(endpoint, values, force_external=False).partition("?")[0])
    pairs = query_args_as_pairs(query_args) if query_args is not None else []
    return page_key(path, chosen(pairs, policy))


def chosen(pairs: Iterable[tuple[str, str]], policy: PagePolicy) -> dict[str, str]:
    """Return the arguments that a page sees: those that its view declares, the first value of each, unless blank."""
    seen: dict[str, str] = {}
    for name, value in pairs:
        if value and (policy.query_string or name in policy.args):
            seen.setdefault(name, value)
    return seen
