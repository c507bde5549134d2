"""Writers of a history: editors at the site, and an operation in a process of its own."""

import http.client
import random
import threading
import time
from collections.abc import Callable

from application.data.errors import DatabaseBusy
from application.data.operations import articles
from tests.articles import TESTER, editing, save
from tests.history.reading import Press
from tests.history.records import History, Read, Write
from tests.site import RunningSite
from tests.visitor import Answer, Visitor

PAUSE = 0.2
"""About as long as a writer thinks, in seconds."""


def title_of(article: int, version: int) -> str:
    return f"Article {article} version {version}"


def words_of(article: int, version: int) -> str:
    return f"Words {article} version {version}, and again Words {article} version {version}."


class Writer(threading.Thread):
    """Writes one article again and again; nobody else does."""

    def __init__(self, press: Press, history: History, over: threading.Event, article: int, seed: int) -> None:
        super().__init__(daemon=True)
        self.press, self.history, self.over, self.article = press, history, over, article
        self.slug = press.slugs[article]
        self.version = 1
        self.chance = random.Random(seed)  # noqa: S311 - nothing secret

    def run(self) -> None:
        while not self.over.wait(PAUSE * self.chance.uniform(0.5, 1.5)):
            self.write()

    def write(self) -> None:
        raise NotImplementedError

    def note(self, deed: Callable[[], bool], *, withdrawn: bool = False) -> bool:
        """Do it, as the next version; False when nobody knows what became of it."""
        self.version += 1
        # Readers may see it before it is answered, so it is written down beforehand.
        write = Write(self.article, self.version, time.monotonic(), withdrawn=withdrawn)
        self.history.writes.append(write)
        if deed():
            write.answered = time.monotonic()
        return write.answered is not None


class Editor(Writer):
    """A person at the site, who looks at the article and at a list right after each save."""

    visitor: Visitor

    def write(self) -> None:
        try:
            form = self.visitor.form_of(self.slug)
        except (OSError, http.client.HTTPException, IndexError, KeyError):
            self.history.broken += 1
            return
        if self.note(lambda: self._publish(form)):
            self.look(f"/articles/{self.slug}")
            self.look(self.chance.choice(self.press.lists))

    def _publish(self, form: dict[str, str]) -> bool:
        words = {"title": title_of(self.article, self.version), "content": words_of(self.article, self.version)}
        answer = self._ask(
            lambda: self.visitor.post(f"/articles/{self.slug}/edit", **{**form, **words, "do": "publish"})
        )
        return answer is not None and answer.status == 303

    def look(self, path: str) -> None:
        began = time.monotonic()
        answer = self._ask(lambda: self.visitor.get(path))
        if answer is None:
            return
        seen = self.press.seen(path, answer.status, answer.text)
        mine = {self.article: seen[self.article]} if self.article in seen else {}
        outcome = answer.headers.get("X-Cache", "")
        self.history.reads.append(Read(path, began, time.monotonic(), answer.status, outcome, mine, own=True))

    def _ask(self, request: Callable[[], Answer]) -> Answer | None:
        began = time.monotonic()
        try:
            answer = request()
        except (OSError, http.client.HTTPException):
            self.history.broken += 1
            return None
        if answer.status >= 500:
            self.history.reads.append(Read("a writer's request", began, time.monotonic(), answer.status, "", {}))
        return answer


class Operator(Writer):
    """Another process, which edits, takes back and publishes again without the site."""

    site: RunningSite

    def write(self) -> None:
        with self.site.app.app_context():
            if self.chance.random() < 0.3:
                self.note(lambda: self._deed(lambda: articles.unpublish_article(self.slug, TESTER)), withdrawn=True)
                self.over.wait(PAUSE * self.chance.uniform(0.5, 8))
            self.note(lambda: self._deed(self._publish))

    def _deed(self, deed: Callable[[], object]) -> bool:
        try:
            deed()
        except DatabaseBusy:
            return False
        return True

    def _publish(self) -> None:
        save(self.slug, title=title_of(self.article, self.version), content=words_of(self.article, self.version))
        articles.publish_article(self.slug, editing(self.slug).version, TESTER)
