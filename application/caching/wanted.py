"""A page that somebody wants, and what they get."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from application.caching.memory import Kept
from application.caching.pages import Rendered, Sendable

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


@dataclass(frozen=True, slots=True)
class PagePolicy:
    """How a view's pages are kept: hard and soft lifetime in seconds, and the query arguments that matter."""

    timeout: int | None
    args: frozenset[str]
    query_string: bool = False
    fresh: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page that somebody asks for: its key, its lifetimes, and the request reduced to what the page may see."""

    key: str
    policy: PagePolicy
    environ: "WSGIEnvironment"
    fresh: bool = False
    ahead: bool = False
    """Whether it is made while nobody waits for it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What everybody gets who asks for a page now: a page of everybody's, or this one answer of the application."""

    outcome: str
    page: Sendable | None = None
    rendered: Rendered | None = None
    kept: Kept | None = None
    age: float = 0.0
