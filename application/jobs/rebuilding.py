"""Every public page made anew, one after the other; the old ones are read until the new ones are there."""

from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import unquote

import msgspec
from flask import current_app

from application.caching import PAGES, PageCache
from application.data import data_access
from application.data.data_access.shown import Noun, Shown
from application.data.errors import NotFound
from application.data.records import CardPage
from application.jobs.kinds import Passed, Unable
from application.utils.pagination import InvalidCursor

STANDING = ("pages.about", "pages.privacy", "pages.robots", "feedback.form", "feedback.thanks")
"""Pages that are there whatever was written."""
AT_ONCE = 100
PASSING = frozenset({"bypass lease", "bypass race"})
"""Outcomes of a page that somebody else is making, or changing, at this moment."""
AWAY = "bypass redis"


class Place(msgspec.Struct, frozen=True):
    """Where a run is: in which part of the site, after which id, and on which page of that one's list."""

    part: str = "standing"
    after: int = 0
    before: str | None = None


PARTS = ("standing", "latest", "author", "tag", "article")
"""Lists come first: they are what most readers open."""


def count() -> int:
    """Return how many pages there are. Raises `Unable` where none are stored."""
    if _pages().backend is None:
        raise Unable("CACHE_TYPE is not RedisCache, so no pages are stored")
    return len(STANDING) + sum(data_access.count_shown().values())


def walk(place: str) -> Iterator[Passed]:
    """Make page after page, from where another run of this left off. Raises `Unable` while Redis is away."""
    here = msgspec.json.decode(place, type=Place) if place else Place()
    for part in PARTS[PARTS.index(here.part) :]:
        yield from _PARTS[part](here if here.part == part else Place(part))


def _standing(here: Place) -> Iterator[Passed]:
    for number, endpoint in list(enumerate(STANDING, start=1))[here.after :]:
        yield _make(Place("standing", number), endpoint)


def _latest(here: Place) -> Iterator[Passed]:
    yield from _list(here, Place("author"), "articles.home", {}, data_access.get_all_articles)


def _articles(here: Place) -> Iterator[Passed]:
    for article in _all("article", here.after):
        yield _make(Place("article", article.number), "articles.article", slug=article.name)


def _authors(here: Place) -> Iterator[Passed]:
    yield from _lists(here, "author", "articles.by_author", "user_name", data_access.get_articles_by_username)


def _tags(here: Place) -> Iterator[Passed]:
    yield from _lists(here, "tag", "articles.tagged", "tag", data_access.get_articles_by_tag)


_PARTS = {"standing": _standing, "latest": _latest, "author": _authors, "tag": _tags, "article": _articles}


def _lists(
    here: Place, noun: Noun, endpoint: str, argument: str, read: Callable[[str, str | None], CardPage]
) -> Iterator[Passed]:
    """Make all pages of all lists of one kind."""
    before = here.before
    for owner in _all(noun, here.after):
        at, then = Place(noun, owner.number - 1, before), Place(noun, owner.number)
        yield from _list(at, then, endpoint, {argument: owner.name}, partial(read, owner.name))
        before = None


def _list(
    here: Place, then: Place, endpoint: str, values: dict[str, str], read: Callable[[str | None], CardPage]
) -> Iterator[Passed]:
    """Make the pages of one list, from one of them on."""
    before = here.before
    while True:
        made = _make(here, endpoint, before=before, **values)
        try:
            before = read(before).older
        except (NotFound, InvalidCursor):
            # It has gone since it was found.
            before = None
        yield made._replace(place=_written(then if before is None else Place(here.part, here.after, before)))
        if before is None:
            return


def _all(noun: Noun, after: int) -> Iterator[Shown]:
    while found := data_access.find_shown(noun, after, AT_ONCE):
        yield from found
        after = found[-1].number


def _make(there: Place, endpoint: str, before: str | None = None, **values: str) -> Passed:
    path = unquote(current_app.url_map.bind("").build(endpoint, values, force_external=False))
    outcome = _pages().remake(path, {"before": before} if before else {})
    if outcome == AWAY:
        raise Unable("the cache's Redis does not answer")
    is_made = outcome in {"miss", *PASSING}
    return Passed(_written(there), 1, "" if is_made else f"{path}: {outcome}")


def _written(place: Place) -> str:
    return msgspec.json.encode(place).decode()


def _pages() -> PageCache:
    pages: PageCache = current_app.extensions[PAGES]
    return pages
