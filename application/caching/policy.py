"""How one call is cached."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from application.caching.codec import Codec


@dataclass(frozen=True, slots=True)
class Policy:
    """How one call is cached: its key, its lifetime in seconds and the questions to ask."""

    key: str
    codec: Codec[Any]
    timeout: int | None
    tags: tuple[str, ...] = ()
    cache_none: bool = False
    inherits: bool = False
    """Whether the value also shows what was read around it, as a template's fragment does."""
    forced: bool = False
    is_stale: Callable[[Any], bool] | None = None
    may_store: Callable[[Any], Any] | None = None
