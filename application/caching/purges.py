"""What was forgotten by which write: the latest invalidations, written down in the same step as they happen.

Raises `redis.RedisError` where it reads. It is told by the server itself, so it costs a writer no call; whatever is
wrong with it, the invalidation has happened.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import click
import msgspec
import redis
from flask import has_request_context, request

from application.caching import writing_down
from application.measuring import timing
from application.measuring.figures import route_name

NOBODY = "(the background)"
_named: ContextVar[str | None] = ContextVar("broadsheet_writer", default=None)


class Purge(msgspec.Struct):
    """Invalidations by one writer, `times` of them between `began` and `at` (Unix times).

    `keys` went from Redis, `everything` if an epoch ended; of the tags `more` are not named.
    """

    at: int
    began: int
    by: str
    kind: str
    tags: list[str]
    keys: int
    more: int = 0
    times: int = 1
    everything: bool = False


def latest(client: redis.Redis, most: int = writing_down.PURGES) -> list[Purge]:
    """Return the latest invalidations, the newest first."""
    stored: Any = client.lrange(writing_down.PURGES_KEY, 0, most - 1)
    found = []
    for entry in stored:
        # Whoever reaches Redis can write there; an operator's report goes on without what is none of ours.
        with suppress(msgspec.MsgspecError):
            found.append(msgspec.json.decode(entry, type=Purge))
    return found


def writer() -> str:
    """Name who is at work: `POST /articles/<slug>/edit`, `job publish_due_articles`, `flask cache purge`."""
    if (named := _named.get()) is not None:
        return named
    if has_request_context():
        return route_name(request.method, "" if request.url_rule is None else request.url_rule.rule)
    if (whole := timing.current()) is not None:
        return f"{whole.root.kind} {whole.called}"
    command = click.get_current_context(silent=True)
    return NOBODY if command is None else command.command_path


@contextmanager
def written_by(name: str) -> Iterator[None]:
    """Name who writes within the block, whoever is at work."""
    token = _named.set(name)
    try:
        yield
    finally:
        _named.reset(token)
