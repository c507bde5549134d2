"""A bounded walk through the names in Redis, which may be millions. Raises `redis.RedisError`."""

from dataclasses import dataclass, field
from typing import Any

from application.caching.inspector import KeyLine, Shelves, look_at

STEPS = 50
AT_ONCE = 1_000
"""Names, of whatever kind, that Redis looks at in one step: a walk takes about a millisecond for two steps."""
SHOWN = 200
LONGEST_PATTERN = 200
_GLOB = frozenset("*?[")


@dataclass(slots=True)
class Walk:
    """The names that were met, and where to go on: 0 when there is nothing left."""

    names: set[bytes] = field(default_factory=set)
    cursor: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """Some of the values that match, by name; how many were `found` on the way, and where to go on (0: at the end)."""

    lines: list[KeyLine]
    found: int
    cursor: int


def walk(shelves: Shelves, pattern: str, cursor: int = 0) -> Walk:
    """Look at so many names, beginning where another walk has ended."""
    found, client = Walk(cursor=cursor), shelves.client
    for _ in range(STEPS):
        answer: Any = client.scan(found.cursor, match=pattern, count=AT_ONCE)
        found.cursor = int(answer[0])
        found.names.update(answer[1])
        if found.cursor == 0:
            break
    return found


def find_keys(shelves: Shelves, wanted: str = "", cursor: int = 0, most: int = SHOWN) -> Listing:
    """Return values whose names contain what is wanted, or match it where it is a pattern as in redis-cli.

    They are those of this release, and of the others where it has the plain names or where that is asked for by name.
    """
    names = shelves.names
    pattern = names.full(wanted[:LONGEST_PATTERN])
    if not _GLOB & set(pattern):
        is_own = pattern.startswith(names.prefix)
        pattern = f"{names.prefix}*{pattern.removeprefix(names.prefix)}*" if is_own else f"{pattern}*"
    found = walk(shelves, pattern, cursor)
    lines = list(look_at(shelves, sorted(found.names)[:most]))
    return Listing(lines, len(found.names), found.cursor)
