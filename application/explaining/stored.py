"""The values that a page is, and was made from: as this run made them, and as the site's Redis has them."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from application.caching.backend import RedisBackend
from application.caching.connecting import TIMEOUT, pool_of
from application.caching.inspector import Glance, Shown, show
from application.caching.names import Names
from application.caching.releases import find_names
from application.caching.reporting import Worker
from application.caching.statistics import read_workers
from application.explaining.explanation import Key, Stored
from application.measuring.timing import Span

T = TypeVar("T")
KINDS = {"page": "page", "cached": "function", "fragment": "fragment"}


class Shelf:
    """The site's Redis, only ever read; after its first failure it is left alone, and `problem` says why."""

    def __init__(self, backend: RedisBackend, url: str) -> None:
        limits = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT, "retry": Retry(NoBackoff(), 0)}
        client = redis.Redis(connection_pool=pool_of(url, **limits))
        self.problem = ""
        base, release = backend.names.base, backend.seal.release
        names = self._ask(lambda: find_names(client, release, base)) or Names(base)
        self.glance = Glance(client, names, backend.seal)

    def find(self, key: str) -> Shown | None:
        """Return what is known of one key; None also when Redis does not say."""
        return self._ask(lambda: show(self.glance, key))

    def workers(self) -> list[Worker]:
        """Return what each web worker has told about its memory."""
        return self._ask(lambda: read_workers(self.glance.client)) or []

    def _ask(self, call: Callable[[], T]) -> T | None:
        if self.problem:
            return None
        try:
            return call()
        except redis.exceptions.ResponseError as error:
            self.problem = f"Redis refuses: {error}"
        except redis.RedisError as error:
            self.problem = f"Redis does not answer: {error}"
        return None


def find_keys(page: str, root: Span, own: RedisBackend | None, shelf: Shelf | None) -> list[Key]:
    """Return the page's key, if it has one, and those of all that was found or made on the way to it."""
    outcomes = {page: ("page", "")} if page else {}
    for kind, note in _noted(root):
        outcome, _, name = note.partition(": ")
        if name and (name not in outcomes or name == page):
            outcomes[name] = (KINDS[kind], outcome)
    return [_key(name, kind, made, own, shelf) for name, (kind, made) in outcomes.items()]


def _noted(root: Span) -> Iterable[tuple[str, str]]:
    return ((span.kind, span.note) for _, span in root.walk() if span.kind in KINDS)


def _key(name: str, kind: str, made: str, own: RedisBackend | None, shelf: Shelf | None) -> Key:
    here = None if own is None else show(own, name)
    there = None if shelf is None else shelf.find(name)
    entries = [found.entry for found in (here, there) if found is not None and found.entry is not None]
    return Key(
        name=name,
        kind=kind,
        made=made,
        size=None if here is None else here.size,
        lifetime=entries[0].lifetime // 1000 if entries else None,
        tags=tuple(entries[0].tags) if entries else (),
        stored=None if there is None else Stored(there.ttl, there.age, there.size, there.heat, there.doubt),
    )
