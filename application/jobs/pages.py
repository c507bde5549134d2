"""What the cache has to be done for its pages beside the readers, sent as jobs."""

from time import monotonic
from typing import Any

from flask import Flask

from application.caching import PAGES, Cache, cooled, stored
from application.jobs.dispatch import Dispatcher

LONG_LIVED = 60
"""Seconds that a page must live for its better compression to pay."""
IMPROVEMENTS = 2
"""Jobs a second and process: a crawler that walks through ten thousand articles must not keep the workers busy."""


def init_app(app: Flask, cache: Cache) -> None:
    """Send jobs for the pages of this application."""
    backend, pages = app.extensions["cache"][cache], app.extensions[PAGES]
    dispatcher: Dispatcher = app.extensions["dispatcher"]
    turns = Turns(IMPROVEMENTS)

    def refill(_sender: object) -> None:
        dispatcher.send("refill_pages")

    def improve(_sender: object, key: str, timeout: int | None, **_more: Any) -> None:
        lifetime = app.config["CACHE_DEFAULT_TIMEOUT"] if timeout is None else timeout
        if (lifetime == 0 or lifetime >= LONG_LIVED) and turns.take():
            dispatcher.send("improve_page", key)

    cooled.connect(refill, backend)
    stored.connect(improve, pages.maker)
    # They live as long as their site, and no longer.
    app.extensions["page_jobs"] = (refill, improve)


class Turns:
    """So many turns a second, for whoever comes first."""

    def __init__(self, each_second: int) -> None:
        self._each_second = each_second
        self._second = 0
        self._left = 0

    def take(self) -> bool:
        """Take a turn, if one is left."""
        if (second := int(monotonic())) != self._second:
            self._second, self._left = second, self._each_second
        self._left -= 1
        return self._left >= 0
