"""Jobs that failed or were tried again, kept in the broker's Redis for a week: equal ones together, with their number.

A job that fails every three seconds would otherwise drive everything else out of the list.
"""

import hashlib
import time
import traceback
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Literal

import msgspec
from redis import Redis

from application.jobs.runs import PREFIX

KEPT = 7 * 24 * 60 * 60
MOST = 100
"""Kinds of failure that are listed; beyond, those go first that were seen longest ago."""
LONGEST_ARGUMENTS, LONGEST_MESSAGE, LONGEST_TRACEBACK = 1_000, 500, 8_000
INDEX = f"{PREFIX}failures"

Kind = Literal["failed", "retried", "lost", "too long"]
KINDS: tuple[Kind, ...] = ("failed", "retried", "lost", "too long")


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong, the last time of `times`; times are seconds since 1970."""

    key: str
    kind: Kind
    name: str
    id: str
    args: str
    error: str
    message: str
    traceback: str
    worker: str
    last: float
    first: float = 0
    times: int = 0


class Failures:
    """The failures of this site. Every method raises `RedisError`."""

    def __init__(self, redis: Redis) -> None:
        self._redis: Any = redis

    def note(self, kind: Kind, job: tuple[str, str, Sequence[Any]], error: BaseException, worker: str) -> None:
        """Note that a job (its name, id and arguments) went wrong."""
        name, id_, args = job
        kept = Failure(
            key=_key(kind, name, error),
            kind=kind,
            name=name,
            id=id_,
            args=_arguments(args),
            error=type(error).__name__,
            message=str(error)[:LONGEST_MESSAGE],
            traceback=_traced(error),
            worker=worker,
            last=time.time(),
        )
        at = f"{PREFIX}failure:{kept.key}"
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(at, "last", msgspec.json.encode(kept))
            pipe.hsetnx(at, "first", kept.last)
            pipe.hincrby(at, "times", 1)
            pipe.expire(at, KEPT)
            pipe.zadd(INDEX, {kept.key: kept.last})
            pipe.zremrangebyscore(INDEX, "-inf", kept.last - KEPT)
            pipe.zremrangebyrank(INDEX, 0, -MOST - 1)
            pipe.execute()

    def latest(self) -> tuple[Failure, ...]:
        """Return the failures, the latest first."""
        keys = [key.decode(errors="replace") for key in self._redis.zrevrange(INDEX, 0, MOST - 1)]
        with self._redis.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.hgetall(f"{PREFIX}failure:{key}")
            found = pipe.execute()
        return tuple(failure for fields in found if (failure := _decode(fields)) is not None)

    def find(self, key: str) -> Failure | None:
        """Return one, if it is remembered."""
        return _decode(self._redis.hgetall(f"{PREFIX}failure:{key}"))

    def forget(self, key: str) -> bool:
        """Forget one; False when there was none."""
        self._redis.zrem(INDEX, key)
        return bool(self._redis.delete(f"{PREFIX}failure:{key}"))


def _key(kind: Kind, name: str, error: BaseException) -> str:
    """Name what is one and the same failure: of this job, of this type, from this place."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    whole = "\n".join([kind, name, type(error).__name__, place])
    return hashlib.blake2b(whole.encode(), digest_size=6).hexdigest()


def _arguments(args: Sequence[Any]) -> str:
    """Write the arguments as JSON; they are ids, and what is longer is not kept."""
    written = msgspec.json.encode(args, enc_hook=repr).decode()
    return written if len(written) <= LONGEST_ARGUMENTS else ""


def _traced(error: BaseException) -> str:
    """Write where it came from, the end of it if it is long."""
    frames: TracebackType | None = error.__traceback__
    lines = "".join(traceback.format_exception(type(error), error, frames))
    return lines if len(lines) <= LONGEST_TRACEBACK else f"…\n{lines[-LONGEST_TRACEBACK:]}"


def _decode(fields: dict[bytes, bytes]) -> Failure | None:
    try:
        last = msgspec.json.decode(fields[b"last"], type=Failure)
        return msgspec.structs.replace(last, first=float(fields[b"first"]), times=int(fields[b"times"]))
    except (KeyError, ValueError):
        # None, or of another release. A decoding error is a ValueError.
        return None
