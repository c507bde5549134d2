"""How calls are cached: what a decorator was told, and what follows for one call."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Any

from application.caching.codec import Codec

Predicate = Callable[..., Any] | None


@dataclass(frozen=True, slots=True)
class Questions:
    """What Flask-Caching's decorators may ask about each call."""

    unless: Predicate = None
    forced_update: Predicate = None
    is_stale: Predicate = None
    response_filter: Predicate = None
    cache_none: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """How one call is cached: its key, its codec, its lifetime in seconds, and what is known of it beforehand."""

    key: str
    codec: Codec[Any]
    timeout: int | None
    fresh: int | None = None
    """The soft lifetime, in seconds; None: a part of the hard one."""
    tags: tuple[str, ...] = ()
    questions: Questions = Questions()
    forced: bool = False
    is_stale: Callable[[Any], bool] | None = None
    inherits: bool = False
    """Whether the value also shows what was read around it, as a template's fragment does."""

    def may_store(self, value: Any) -> bool:
        """Tell whether the decorator lets this value be stored."""
        if value is None and not self.questions.cache_none:
            return False
        wanted = self.questions.response_filter
        return wanted is None or bool(wanted(value))


def seconds(timeout: Any) -> int | None:
    """Read a lifetime as Flask-Caching does: whole seconds, rounded up, a timedelta, or None for the default."""
    return None if timeout is None else ceil(float(getattr(timeout, "total_seconds", lambda: timeout)()))


FRESH = 0.8
"""The part of a lifetime after which a value is refreshed while it is still given out."""
FOREVER = 10 * 365 * 86_400.0


def soft_lifetime(hard: float, fresh: float | None) -> float:
    """Return the seconds after which a value that lives for `hard` seconds is to be refreshed."""
    return hard * FRESH if fresh is None else min(float(fresh), hard)
