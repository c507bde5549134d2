"""A rehearsal that is asked for its address with every instrument on."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Engine
from werkzeug.datastructures import Headers

from application.caching.page_cache import PAGES, PageCache
from application.explaining.failing import Failures, Raised
from application.explaining.looking import hand_out_unseen, noting_looks
from application.explaining.recorder import Heard, Recorder
from application.measuring.timing import Measurement, measuring
from application.rehearsing.site import Rehearsal

TIMES = 3
"""How often the page is made; the one that took the time in the middle is told."""
ENCODINGS = ("identity", "gzip", "br")


@dataclass(frozen=True, slots=True)
class Asked:
    """One answer, and what was seen while it was made."""

    measurement: Measurement
    heard: list[Heard]
    status: str
    headers: Headers
    raised: Raised | None

    @property
    def elapsed(self) -> int:
        """Return the nanoseconds that it took."""
        return self.measurement.root.elapsed

    @property
    def outcome(self) -> str:
        """Return what `X-Cache` says."""
        return self.headers.get("X-Cache", "")


class Visit:
    """Asks for the address of one rehearsal. Raises `RehearsalError` whenever it cannot be answered."""

    def __init__(self, site: Rehearsal, engine: Engine) -> None:
        self.site = site
        self.pages: PageCache = site.app.extensions[PAGES]
        self._recorder = Recorder(engine)
        self._failures = Failures(site.app)
        hand_out_unseen(site.app)
        # A stream never ends, so only its beginning is asked for.
        _, _, headers = site.send(site.environ("HEAD"))
        self.is_stream = headers.get("Content-Type", "").startswith("text/event-stream")
        # What is loaded or compiled once in the life of a process is not what one request costs.
        self.ask()

    def ask(self) -> Asked:
        """Ask once, by the layer of pages: what stands around it only tells the time."""
        environ = self.site.environ("HEAD" if self.is_stream else "GET")
        name = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        with self._recorder.listening() as heard, measuring("request", name) as measurement:
            _, status, headers = self.site.send(environ, self.pages)
        return Asked(measurement, heard, status, headers, self._failures.take())

    def make(self) -> Asked:
        """Ask with an empty cache, some times, and return the answer that took the time in the middle."""
        made = []
        for _ in range(TIMES):
            self.site.forget()
            self.site.await_memory()
            made.append(self.ask())
        return sorted(made, key=lambda one: one.elapsed)[TIMES // 2]

    def ask_again(self) -> Asked:
        """Ask as the second of two readers, who is answered from as near as anybody will be."""
        self.site.await_memory()
        self.ask()
        return self.ask()

    def find_look(self) -> str | None:
        """Return the first place at which the view looks at who reads; None when it does not look."""
        with noting_looks() as places:
            self.site.send(self.site.environ("HEAD" if self.is_stream else "GET"))
        return places[0] if places else None

    def sizes(self) -> Iterator[tuple[str, int]]:
        """Yield each encoding that the answer comes in, and its bytes."""
        for encoding in () if self.is_stream else ENCODINGS:
            body, _, headers = self.site.send(self.site.environ(encoding=encoding))
            yield headers.get("Content-Encoding", "identity"), len(body)
