"""The fast lane: a page in memory is answered before anything else is entered, in a few microseconds.

It knows requests only by what they look like. `PageCache`, which considers each of them properly, notes here which page
it gave to a request of that look; the same look gets the same page until it is dropped or due.
"""

from collections.abc import Iterable
from time import monotonic, perf_counter_ns
from typing import TYPE_CHECKING

from application.caching.memory import LONGEST_SILENCE, Kept, Memory
from application.caching.pages import Sendable
from application.caching.seen import COOKIE
from application.measuring import trials
from application.measuring.figures import Lane

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOOKS_REMEMBERED = 5_000
LONGEST_LOOK = 500
"""Characters: longer ones are answered the long way, so that made-up requests cannot fill the process."""
_SEEN = f"{COOKIE}="
_TRIAL = f"{trials.COOKIE}="
Look = tuple[str, str, str, str]


def look_of(environ: "WSGIEnvironment") -> Look:
    """Return all of a request that may decide which page it gets, unparsed."""
    return (
        environ["PATH_INFO"],
        environ.get("QUERY_STRING", ""),
        environ.get("HTTP_HOST", ""),
        environ.get("HTTP_ACCEPT_ENCODING", ""),
    )


class FastLane:
    """WSGI: answer from memory, or pass the request on."""

    def __init__(self, app: "WSGIApplication", memory: Memory) -> None:
        self.app = app
        self.memory = memory
        self._looks: dict[Look, tuple[Kept, str, Lane]] = memory.looks

    def note(self, environ: "WSGIEnvironment", kept: Kept, encoding: str, lane: Lane) -> None:
        """Remember which page a request of this look gets, and what counts its route."""
        look = look_of(environ)
        if not kept.alive or sum(map(len, look)) > LONGEST_LOOK:
            return
        known = self._looks.get(look)
        if known is not None and known[0] is kept:
            return
        if len(self._looks) >= LOOKS_REMEMBERED:
            for page, _, _ in self._looks.values():
                page.looks.clear()
            self._looks.clear()
        self._looks[look] = (kept, encoding, lane)
        kept.looks.append(look)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        started = perf_counter_ns()
        now = monotonic()
        found = self.find(environ, now)
        if found is None:
            return self.app(environ, start_response)
        kept, encoding, lane = found
        spent = perf_counter_ns() - started
        lane.calls += 1
        lane.spent += spent
        elapsed = spent / 1e6
        own = [
            ("Age", str(int(now - kept.born_at))),
            ("X-Cache", "hit process"),
            ("Server-Timing", f'cache;dur={elapsed:.3f};desc="hit process", total;dur={elapsed:.3f}'),
        ]
        return send(kept.value, encoding, environ, start_response, own)

    def find(self, environ: "WSGIEnvironment", now: float) -> tuple[Kept, str, Lane] | None:
        """Return the page that a request of this look gets, and count that it did; None for one to be considered."""
        found = self._looks.get(look_of(environ))
        if found is None or environ["REQUEST_METHOD"] != "GET":
            return None
        kept = found[0]
        if not kept.alive or now >= kept.soft_at or now - self.memory.heard_at >= LONGEST_SILENCE:
            return None
        if "HTTP_AUTHORIZATION" in environ or "HTTP_AUTHENTICATION_TOKEN" in environ:
            return None
        cookies = environ.get("HTTP_COOKIE")
        if cookies is not None and (_SEEN in cookies or _TRIAL in cookies):
            return None
        kept.visited = True
        kept.hits += 1
        return found


def send(
    page: Sendable,
    encoding: str,
    environ: "WSGIEnvironment",
    start_response: "StartResponse",
    own: list[tuple[str, str]],
) -> Iterable[bytes]:
    """Send a page with header lines of this answer's own, or say that it is unchanged."""
    if "HTTP_IF_NONE_MATCH" in environ and page.is_unchanged(environ["HTTP_IF_NONE_MATCH"], encoding):
        start_response("304 Not Modified", page.unchanged[encoding] + own)
        return []
    start_response(page.status, page.lines[encoding] + own)
    return [page.bodies[encoding]]
