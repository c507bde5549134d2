"""What all processes counted together, for an operator. Raises `redis.RedisError`."""

from contextlib import suppress
from typing import Any

import msgspec

from application.caching.backend import RedisBackend
from application.caching.inspector import readable
from application.caching.reporting import WORKER, Worker

HITS = ("hit process", "hit redis", "stale", "stale error")
OUTCOMES = (*HITS, "miss", "bypass", "refused", "rejected", "evicted")
HOTTEST = 10
LONGEST_COUNT = 18


class Family(msgspec.Struct):
    """The outcomes of one family of keys, by their names."""

    family: str
    outcomes: dict[str, int]
    hit_ratio: float | None = None


class Statistics(msgspec.Struct):
    """What is known; `since` is a Unix time, heat how often a page was asked for lately."""

    since: int | None
    total: Family
    families: list[Family]
    workers: list[Worker]
    hottest: dict[str, float]
    redis: dict[str, Any]


def gather(backend: RedisBackend) -> Statistics:
    """Read the counters of all processes."""
    client: Any = backend.client
    stored = client.hgetall("broadsheet:stats:counts").items()
    # Whoever reaches Redis can write there; an operator's report goes on without what is no count.
    counts = {name.decode(errors="replace"): int(value) for name, value in stored if _is_count(value)}
    since = counts.pop("since", None)
    counts.pop("minute", None)
    by_family: dict[str, dict[str, int]] = {}
    for field, count in counts.items():
        outcome, _, family = field.partition(": ")
        by_family.setdefault(family, {})[outcome] = count
    families = [_family(readable(name.encode()), outcomes) for name, outcomes in by_family.items()]
    families.sort(key=lambda one: (-sum(one.outcomes.values()), one.family))
    every = {outcome: sum(one.outcomes.get(outcome, 0) for one in families) for outcome in OUTCOMES}
    hottest = client.zrevrange("broadsheet:heat", 0, HOTTEST - 1, withscores=True)
    return Statistics(
        since=since,
        total=_family("all", every),
        families=families,
        workers=read_workers(client),
        hottest={backend.names.short(readable(name)): round(heat, 1) for name, heat in hottest},
        redis=_redis(client),
    )


def _family(name: str, outcomes: dict[str, int]) -> Family:
    hits = sum(outcomes.get(outcome, 0) for outcome in HITS)
    asked = hits + outcomes.get("miss", 0)
    return Family(name, outcomes, round(hits / asked, 4) if asked else None)


def read_workers(client: Any) -> list[Worker]:
    """Return what each web worker has told about its memory."""
    names = sorted(set(client.scan_iter(match=WORKER + "*", count=1000)))
    summaries = client.mget(names) if names else []
    workers = []
    for summary in summaries:
        # One may have ended since it was listed.
        with suppress(msgspec.MsgspecError):
            workers.append(msgspec.json.decode(summary or b"", type=Worker))
    return workers


def _redis(client: Any) -> dict[str, Any]:
    memory, stats = client.info("memory"), client.info("stats")
    return {
        "used_memory": memory["used_memory"],
        "maxmemory": memory["maxmemory"],
        "maxmemory_policy": memory["maxmemory_policy"],
        "evicted_keys": stats["evicted_keys"],
        "expired_keys": stats["expired_keys"],
        "invalidations": _number(client.get("broadsheet:seq")),
        "cold": client.zcard("broadsheet:cold"),
    }


def _number(stored: bytes | None) -> int:
    return int(stored) if stored and _is_count(stored) else 0


def _is_count(stored: bytes) -> bool:
    return stored.isdigit() and len(stored) <= LONGEST_COUNT
