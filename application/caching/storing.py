"""What is asked of the store, and what it answers."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from application.caching.codec import Entry
from application.caching.leases import Grant, Lease
from application.caching.recording import Moment


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a look-up: the moment of it, the entry with its bodies and time to live (ms).

    `lease` says what came of the wish for one; None where a value lay there, so that none was asked for.
    """

    moment: Moment | None
    entry: Entry | None = None
    bodies: Mapping[str, bytes] = field(default_factory=dict)
    pttl: int = 0
    lease: Grant | None = None

    @property
    def lifetime(self) -> float:
        """Return the seconds that the entry lives in all."""
        return 0.0 if self.entry is None else self.entry.lifetime / 1000

    @property
    def age(self) -> float:
        """Return the seconds since it was stored, by the clock of Redis."""
        return max(0.0, self.lifetime - self.pttl / 1000)


NOTHING = Found(None)


class Stored(Enum):
    """What came of an attempt to store."""

    YES = "stored"
    REFUSED = "something it was made from has changed since"
    UNAVAILABLE = "Redis did not answer, or had no room"


@dataclass(slots=True)
class Storing:
    """A value to be stored; `done` is called when it was. What was made inside another value waits for that one."""

    key: str
    moment: Moment
    value: bytes
    type: str
    tags: Iterable[str]
    timeout: int | None
    lease: Lease
    done: Callable[[], object]
    bodies: Mapping[str, bytes] | None = None
    is_deferred: bool = False
    made: Any = None
    """What its maker returned, for whoever needs it again before it is stored."""
