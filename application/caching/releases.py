"""The releases that use one Redis at the same time: which are alive, and which of them has the plain names.

It is the one that began last, as Redis saw it: a new release has the names as soon as it comes to life, a restarted
process of the old one does not take them back, and has them again when the new one is silent. What is stored under a
name is believed by its own release alone, so a process that learns of a change late is wrong about nothing.
"""

from contextlib import suppress
from typing import Any

import redis

from application.caching.names import LEASE, Names, part_of

RELEASES = "broadsheet:releases"
SILENT_MS = 30_000
"""How long a release that says nothing counts as alive."""
MOST = 20
"""Releases that Redis knows at once; where there are more, they begin anew."""

LIVING = """
local place, me, silent, most = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local living = {}
if redis.call('TYPE', place).ok == 'hash' and redis.call('HLEN', place) <= most then
  local all = redis.call('HGETALL', place)
  for i = 1, #all, 2 do
    local began, heard = string.match(all[i + 1], '^(%d+) (%d+)$')
    began, heard = tonumber(began), math.min(tonumber(heard) or 0, now)
    if began and began < 2 ^ 53 and now - heard < silent then living[all[i]] = {began, heard} end
  end
end
local function last()
  local newest, began = false, -1
  for release, known in pairs(living) do
    if known[1] > began or (known[1] == began and release > newest) then newest, began = release, known[1] end
  end
  return newest, began
end
"""
"""Read which releases are alive, KEYS: where they are noted. ARGV: this release, how long (ms) one may be silent, how
many there may be. Each is noted with when it began and when it was last heard of. A clock that was put back makes
nobody immortal; a place that holds anything else is as good as empty."""

NEWEST = f"""#!lua flags=no-writes
{LIVING}
return (not living[me] or last() == me) and 1 or 0
"""
"""Tell whether this release has the plain names; one that is not alive has them, too."""

ALIVE = f"""#!lua flags=allow-oom
{LIVING}
local newest, began = last()
local mine = living[me] and living[me][1] or tonumber(ARGV[4])
if mine == 0 then mine = math.max(now, began + 1) end
if mine >= 2 ^ 52 then living, mine = {{}}, now end
living[me] = {{mine, now}}
redis.call('DEL', place)
for release, known in pairs(living) do
  redis.call('HSET', place, release, string.format('%.0f %.0f', known[1], known[2]))
end
return {{mine, last() == me and 1 or 0}}
"""
"""Note that this release is alive, forget those that are silent, and tell when this one began and whether it has the
plain names. ARGV[4]: when it began as far as its process knows, else 0: a Redis that was emptied learns the order
again. No two begin at once, whatever the clock does; beside a beginning that can only be made up, all begin anew. It
has no lifetime, so it is bounded, and a full server takes it too."""


def find_names(client: redis.Redis, release: str, base: str) -> Names:
    """Return what a release calls its values by now, only looking; one that is not alive uses the plain names.

    Raises `redis.RedisError`.
    """
    is_plain: Any = client.eval(NEWEST, 1, RELEASES, part_of(release), SILENT_MS, MOST)
    return Names(base, "" if is_plain else part_of(release))


class Releases:
    """The release of this process among the others; `names` is what it calls its values by now."""

    def __init__(self, client: redis.Redis, release: str, base: str) -> None:
        self.names = Names(base)
        self.leases = LEASE + (part_of(release) if release else "")
        """What the names of its leases begin with: always its own, since a lease outlives a change of names."""
        # Processes that serve or work keep their release alive; commands only look.
        self.announces = False
        self._client = client
        self._release = release
        self._began = 0
        self._tell = client.register_script(ALIVE)

    def look(self) -> None:
        """Learn what this release calls its values by now, and say that it is alive if this process does that.

        Raises `redis.RedisError`; then the names stay as they are.
        """
        if not self.announces:
            self.names = find_names(self._client, self._release, self.names.base)
            return
        part = part_of(self._release)
        answer: Any = self._tell(keys=[RELEASES], args=[part, SILENT_MS, MOST, self._began])
        self._began, is_plain = answer
        self.names = Names(self.names.base, "" if is_plain else part)

    def look_if_possible(self) -> None:
        """Look, unless Redis refuses that, which keeps nobody from using it."""
        with suppress(redis.ResponseError):
            self.look()
