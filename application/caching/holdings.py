"""How much each family of keys holds in Redis; read without blocking it. Raises `redis.RedisError`."""

from typing import Any

import msgspec

from application.caching.counters import family_of
from application.caching.inspector import Shelves, readable
from application.caching.names import SPARE, Names
from application.caching.walking import walk

WEIGHED = 50
"""Values of one family that are weighed, beginning with the first; the others count as the mean of these."""


class Holding(msgspec.Struct):
    """The values of one family, and the spare copies of its pages: how many, and their bytes.

    `is_exact` if all were weighed.
    """

    keys: int = 0
    spares: int = 0
    bytes: int = 0
    is_exact: bool = True


class Holdings(msgspec.Struct):
    """What is held by each family; `is_whole` unless there were more names than one walk looks at."""

    families: dict[str, Holding]
    is_whole: bool


def hold(shelves: Shelves) -> Holdings:
    """Count the values by family, those of all releases together, and weigh some of each."""
    values, all_values = _names(shelves, shelves.names)
    spares, all_spares = _names(shelves, Names(SPARE))
    families: dict[str, Holding] = {}
    for names, counted in ((values, "keys"), (spares, "spares")):
        for family, own in names.items():
            holding = families.setdefault(family, Holding())
            setattr(holding, counted, len(own))
            holding.bytes += _weight(shelves, own)
            holding.is_exact = holding.is_exact and len(own) <= WEIGHED
    return Holdings(families, all_values and all_spares)


def _names(shelves: Shelves, called: Names) -> tuple[dict[str, list[bytes]], bool]:
    """Return names by family, and whether these are all."""
    found = walk(shelves, called.base + "*")
    names: dict[str, list[bytes]] = {}
    for name in found.names:
        family = family_of(called.key_of(name.decode(errors="replace")))
        names.setdefault(readable(family.encode()), []).append(name)
    return names, found.cursor == 0


def _weight(shelves: Shelves, names: list[bytes]) -> int:
    with shelves.client.pipeline(transaction=False) as pipe:
        for name in names[:WEIGHED]:
            pipe.memory_usage(name)
        # One may have gone since it was listed.
        weights: list[Any] = [weight for weight in pipe.execute() if weight is not None]
    return round(sum(weights) / len(weights) * len(names)) if weights else 0
