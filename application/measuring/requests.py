"""Around each request: its measurement, its id, `Server-Timing`, and a line in the log when it was slow."""

import re
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from application.measuring.figures import route_name
from application.measuring.slow import tell_slow
from application.measuring.timing import BROKE, Measurement

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LONGEST_NAME = 200
NEVER = 2**63
_ID = re.compile(r"[A-Za-z0-9._-]{8,128}", re.ASCII)


class ServerTiming:
    """WSGI: measure each request until its answer begins, and tell what it spent.

    `slow_ms` is how long one may take before it is told in the log; 0: none is. Ids that requests bring are believed
    where a proxy stands in front, which gives them.
    """

    def __init__(self, app: "WSGIApplication", slow_ms: int = 0, *, believes_ids: bool = False) -> None:
        self.app = app
        self.slow = slow_ms * 1_000_000 or NEVER
        self.believes_ids = believes_ids

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer through the application; add the headers when it starts its response."""
        name = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"[:LONGEST_NAME]
        measurement = Measurement("request", name)
        measurement.id = self._id(environ)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            measurement.status = int(status[:3])
            headers += [("Server-Timing", measurement.header()), ("X-Request-Id", measurement.id)]
            return start_response(status, headers, exc_info)

        measurement.begin()
        try:
            return self.app(environ, start)
        except BaseException:
            measurement.status = BROKE
            raise
        finally:
            measurement.called = route_name(environ["REQUEST_METHOD"], measurement.route)
            measurement.end()
            if measurement.root.elapsed >= self.slow:
                tell_slow(measurement)

    def _id(self, environ: "WSGIEnvironment") -> str:
        given = environ.get("HTTP_X_REQUEST_ID", "") if self.believes_ids else ""
        return given if _ID.fullmatch(given) else secrets.token_hex(16)
