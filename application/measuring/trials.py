"""What an operator's own requests take with some of the caching switched off for them, and with all of it on.

A signed cookie says whose trial it is and what is off; each page that is asked for with it leaves a line in Redis.
"""

from collections.abc import Callable, Iterable
from http.cookies import CookieError, SimpleCookie
from statistics import median
from time import time
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import redis
from itsdangerous import BadData, URLSafeTimedSerializer

from application.measuring.timing import Measurement

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

COOKIE = "trial"
LASTS = 900
"""Seconds after which a trial ends by itself: whoever forgets it is served as everybody again."""
MOST = 40
"""Names that one trial may switch off: a cookie has room for no more."""
KEPT = 500
"""Requests that are remembered of each operator, for an hour after the last."""
KEPT_FOR = 3_600
KEY = "broadsheet:trial:"
_SENT = f"{COOKIE}="


class Trial(msgspec.Struct, frozen=True):
    """Whose it is, and the names of what is switched off; with none of them all is on, and only noted."""

    owner: int
    off: tuple[str, ...]


class Try(msgspec.Struct, frozen=True):
    """One request: its method and address, what was off, its status, ns, and SQL statements."""

    at: int
    name: str
    off: tuple[str, ...]
    status: int
    elapsed: Annotated[int, msgspec.Meta(ge=0, le=10**15)]
    statements: Annotated[int, msgspec.Meta(ge=0, le=10**9)]


class Compared(msgspec.Struct, frozen=True):
    """The requests for one address with the same things off; `ratio` is to the median with everything on."""

    name: str
    off: tuple[str, ...]
    count: int
    median_ms: float
    fastest_ms: float
    statements: float
    ratio: float | None


class Trials:
    """The trials of one site. `ask` makes a call to Redis that may fail."""

    def __init__(self, secret: str, client: redis.Redis, ask: Callable[[Callable[[], Any]], object]) -> None:
        self._signer = URLSafeTimedSerializer(secret, salt="broadsheet-trial")
        self._client = client
        self._ask = ask

    def token(self, trial: Trial) -> str:
        """Return what the cookie has to say."""
        return str(self._signer.dumps([trial.owner, trial.off]))

    def of(self, environ: "WSGIEnvironment") -> Trial | None:
        """Return the trial that a request is a part of; None without one, or with one that is over or forged."""
        sent = environ.get("HTTP_COOKIE", "")
        if _SENT not in sent:
            return None
        try:
            signed = SimpleCookie(sent).get(COOKIE)
            given = self._signer.loads(signed.value if signed else "", max_age=LASTS)
            return msgspec.convert({"owner": given[0], "off": given[1]}, Trial)
        except (CookieError, BadData, msgspec.ValidationError):
            return None

    def note(self, trial: Trial, measurement: Measurement) -> None:
        """Remember what one request has taken by now; a Redis that is away forgets it."""
        statements = measurement.totals().get("db", (0, 0))[0]
        status, elapsed = measurement.status, measurement.root.so_far
        line = msgspec.json.encode(Try(int(time()), measurement.root.name, trial.off, status, elapsed, statements))
        key = f"{KEY}{trial.owner}"

        def tell() -> None:
            pipe = self._client.pipeline()
            pipe.lpush(key, line)
            pipe.ltrim(key, 0, KEPT - 1)
            pipe.expire(key, KEPT_FOR)
            pipe.execute()

        self._ask(tell)

    def read(self, owner: int) -> list[Try]:
        """Return the requests of an operator, the latest first. Raises `redis.RedisError`."""
        lines: Any = self._client.lrange(f"{KEY}{owner}", 0, KEPT - 1)
        found = []
        for line in lines:
            try:
                found.append(msgspec.json.decode(line, type=Try))
            except msgspec.MsgspecError:
                # No line of ours: somebody else wrote it.
                continue
        return found

    def forget(self, owner: int) -> None:
        """Forget them. Raises `redis.RedisError`."""
        self._client.delete(f"{KEY}{owner}")


def compare(tries: Iterable[Try]) -> list[Compared]:
    """Return each address' requests by what was off, those with everything on first."""
    groups: dict[tuple[str, tuple[str, ...]], list[Try]] = {}
    for one in tries:
        groups.setdefault((one.name, one.off), []).append(one)
    found = []
    for (name, off), group in sorted(groups.items()):
        mine, base = _median_ms(group), groups.get((name, ()))
        found.append(
            Compared(
                name=name,
                off=off,
                count=len(group),
                median_ms=round(mine, 3),
                fastest_ms=round(min(one.elapsed for one in group) / 1e6, 3),
                statements=median(one.statements for one in group),
                ratio=round(mine / _median_ms(base), 2) if base and off and _median_ms(base) else None,
            )
        )
    return found


def _median_ms(group: Iterable[Try]) -> float:
    return median(one.elapsed for one in group) / 1e6
