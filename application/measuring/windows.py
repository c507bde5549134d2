"""What all processes measured over the last hour and day, kept in Redis; bounded, and gone by itself.

Every report is added to the slot of now, by the server's clock: one of five minutes and one of an hour. A window is the
slots that reach into it.

What stands for a name is made with the site's secret: a name that somebody else wrote into Redis is not believed. So it
is shown to nobody, and no statement of a stranger's is ever explained.
"""

import functools
import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import redis

from application.measuring.figures import Name, Taken
from application.measuring.window import SLOTS, Window, WindowName, window_of

Ask = Callable[[Callable[[], bool]], object]
"""Makes a call that may fail; None when it does."""
Figure = tuple[str, str, int]
FIELDS = 6_000
"""Fields of one slot, about 70 bytes each. Figures that come later are counted, and not told apart."""
NAMES = 3_000
"""Names that are remembered; when they are more, all are forgotten, and those in use are told again."""
WINDOWS = "broadsheet_windows"
"""Where an application keeps its `Windows`, if its figures are kept at all."""
KEY = "broadsheet:perf:"
NAMES_KEY = f"{KEY}names"
AT_ONCE = 1_000
"""Figures of one call: each takes about a microsecond of the server's."""

ADD = """#!lua flags=allow-oom
local now = tonumber(redis.call('TIME')[1])
local names, most, first = KEYS[#KEYS], tonumber(ARGV[1]), 2 * #KEYS
local unknown, asked = {}, {}
for s = 1, #KEYS - 1 do
  local width, kept = tonumber(ARGV[2 * s]), tonumber(ARGV[2 * s + 1])
  local slot = KEYS[s] .. string.format('%d', now - now % width)
  redis.call('HSETNX', slot, 'since', string.format('%d', now))
  redis.call('EXPIRE', slot, kept)
  for i = first, #ARGV, 3 do
    local what, name, by = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    local field = what .. ' ' .. name
    if redis.call('HLEN', slot) >= most and redis.call('HEXISTS', slot, field) == 0 then
      redis.call('HINCRBY', slot, 'out -', 1)
    elseif what == 'max' or what == 'min' then
      local number, before = tonumber(by), tonumber(redis.call('HGET', slot, field) or by)
      local further = what == 'max' and number > before or what == 'min' and number < before
      if further or redis.call('HEXISTS', slot, field) == 0 then redis.call('HSET', slot, field, by) end
    else
      redis.call('HINCRBY', slot, field, by)
    end
    if not asked[name] then
      asked[name] = true
      if name ~= '-' and redis.call('HEXISTS', names, name) == 0 then unknown[#unknown + 1] = name end
    end
  end
end
return unknown
"""
"""Add figures to the slots of now; return those names that are not known. KEYS: the beginnings of the slots' names; the
hash of names. ARGV: how many fields a slot may have; width and lifetime (s) of each; then what, name and number of each
figure."""


LEARN = """#!lua flags=allow-oom
if redis.call('HLEN', KEYS[1]) + (#ARGV - 2) / 2 > tonumber(ARGV[1]) then redis.call('UNLINK', KEYS[1]) end
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
"""
"""Remember what the names in fields stand for. ARGV: how many at most; their lifetime (s); each with its meaning."""


class Windows:
    """The figures of all processes, in one Redis."""

    def __init__(self, client: redis.Redis, key: bytes = b"") -> None:
        self.client = client
        self._key = key
        self._add = client.register_script(ADD)
        self._learn = client.register_script(LEARN)
        self._lost = 0

    def tell(self, taken: Taken, ask: Ask) -> bool:
        """Add what was measured, by calls that may fail; what could not be told is lost, and that is told later."""
        figures = list(self._figures(taken))
        if self._lost:
            figures.append(("lost", "-", self._lost))
        names = {digest(self._key, *name): " ".join(name) for name in (*taken.wholes, *taken.parts)}
        for start in range(0, len(figures), AT_ONCE):
            call = functools.partial(self._add_figures, figures[start : start + AT_ONCE], names)
            if ask(call) is None:
                self._lost += sum(whole.count for whole in taken.wholes.values())
                return False
        self._lost = 0
        return True

    def _add_figures(self, figures: list[Figure], names: dict[str, str]) -> bool:
        limits = [part for width, length in SLOTS.values() for part in (width, length + 2 * width)]
        keys = [*(f"{KEY}{window}:" for window in SLOTS), NAMES_KEY]
        arguments: list[Any] = [FIELDS, *limits, *(part for figure in figures for part in figure)]
        unknown: Any = self._add(keys=keys, args=arguments)
        if unknown:
            meanings = [part for name in unknown for part in (name, names[name.decode()])]
            self._learn(keys=[NAMES_KEY], args=[NAMES, 2 * SLOTS["day"][1], *meanings])
        return True

    def read(self, name: WindowName) -> Window:
        """Add the slots of a window up. Raises `redis.RedisError`."""
        client: Any = self.client
        width, length = SLOTS[name]
        now = int(client.time()[0])
        slots = range((now - length) // width * width, now + 1, width)
        names = self._believed(client.hgetall(NAMES_KEY))
        return window_of(name, now, {slot: client.hgetall(f"{KEY}{name}:{slot}") for slot in slots}, names)

    def _figures(self, taken: Taken) -> Iterator[Figure]:
        """Yield `calls`, `sum`, `max` of parts; of wholes, if not 0, `ns`, `min`, `max`, `4xx`, `5xx`, `le0` …."""
        for name, whole in taken.wholes.items():
            counts = [(f"le{number}", count) for number, count in enumerate(whole.buckets)]
            counts += [("ns", whole.spent), ("4xx", whole.refused), ("5xx", whole.failed)]
            for what, count in [*counts, ("min", whole.shortest), ("max", whole.longest)]:
                if count:
                    yield what, digest(self._key, *name), count
        for name, part in taken.parts.items():
            for what, number in (("calls", part.calls), ("sum", part.spent), ("max", part.longest)):
                yield what, digest(self._key, *name), number

    def _believed(self, names: Mapping[bytes, bytes]) -> dict[str, Name]:
        """Return kind and name by what stands for them, but for what somebody else wrote into Redis."""
        found = {}
        for stands, text in names.items():
            kind, _, name = text.decode(errors="replace").partition(" ")
            if hmac.compare_digest(digest(self._key, kind, name).encode(), stands):
                found[stands.decode()] = (kind, name)
        return found


@functools.lru_cache(maxsize=NAMES)
def digest(key: bytes, kind: str, name: str) -> str:
    """Return what stands for a name in the fields of a slot, and proves that a process of this site gave it."""
    return hashlib.blake2b(f"{kind} {name}".encode(errors="replace"), digest_size=8, key=key).hexdigest()
