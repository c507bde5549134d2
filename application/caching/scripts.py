"""The Lua scripts: what must happen in Redis as one step.

Control keys begin with `broadsheet:` and have no lifetime, so that a `volatile-*` policy never evicts them:
`seq` counts invalidations, `epoch` names an unbroken memory of them, `tags` maps a tag to the number of its
last invalidation, `floor` is the number below which `tags` has been trimmed, `tag:<tag>` lists the keys made
from a tag with the time (ms) at which each expires, `wide` holds the tags that list too many keys to unlink one by one.
"""

CONNECT = """
local run_id = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local epoch = redis.call('GET', 'broadsheet:epoch')
if not epoch or string.match(epoch, '%.(%w+)$') ~= run_id then
  epoch = ARGV[1] .. '.' .. run_id
  redis.call('SET', 'broadsheet:epoch', epoch)
end
return epoch
"""
"""Name the epoch, ARGV: random id. Another server process, or an emptied one, has another epoch: what was
stored before is not believed (a restart from a snapshot brings purged pages back)."""

STORE = """
if redis.call('GET', 'broadsheet:epoch') ~= ARGV[1] then return 0 end
local sequence = tonumber(ARGV[2])
if sequence < tonumber(redis.call('GET', 'broadsheet:floor') or '0') then return 0 end
local ttl, limit, fields = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
for i = 6 + fields, #ARGV do
  local last = redis.call('ZSCORE', 'broadsheet:tags', ARGV[i])
  if last and tonumber(last) > sequence then return 0 end
end
if fields == 1 then
  redis.call('SET', KEYS[1], ARGV[6], 'PX', ttl)
else
  redis.call('DEL', KEYS[1])
  for i = 6, 5 + fields, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
  redis.call('PEXPIRE', KEYS[1], ttl)
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 6 + fields, #ARGV do
  local listing = 'broadsheet:tag:' .. ARGV[i]
  redis.call('ZREMRANGEBYSCORE', listing, '-inf', '(' .. now)
  if redis.call('ZCARD', listing) >= limit then
    redis.call('SADD', 'broadsheet:wide', ARGV[i])
  else
    redis.call('ZADD', listing, now + ttl, KEYS[1])
  end
end
return 1
"""
"""Store KEYS[1] unless something it was made from has changed since, ARGV: epoch, sequence, ttl (ms), keys a
tag may list, count of the value's fields (1: a string), the fields, then the tags. 1 when stored."""

INVALIDATE = """#!lua flags=allow-oom
local sequence = redis.call('INCR', 'broadsheet:seq')
local limit, wide = tonumber(ARGV[2]), false
for i = 3, #ARGV do
  local listing = 'broadsheet:tag:' .. ARGV[i]
  redis.call('ZADD', 'broadsheet:tags', sequence, ARGV[i])
  local keys = redis.call('ZRANGE', listing, 0, -1)
  for j = 1, #keys, 1000 do
    redis.call('UNLINK', unpack(keys, j, math.min(j + 999, #keys)))
  end
  redis.call('UNLINK', listing)
  if redis.call('SREM', 'broadsheet:wide', ARGV[i]) == 1 then wide = true end
end
if wide then
  local epoch = redis.call('GET', 'broadsheet:epoch')
  if epoch then redis.call('SET', 'broadsheet:epoch', ARGV[1] .. string.match(epoch, '%.%w+$')) end
end
local over = redis.call('ZCARD', 'broadsheet:tags') - limit
if over > 0 then
  local last = redis.call('ZRANGE', 'broadsheet:tags', over - 1, over - 1, 'WITHSCORES')
  redis.call('SET', 'broadsheet:floor', last[2])
  redis.call('ZREMRANGEBYSCORE', 'broadsheet:tags', '-inf', last[2])
end
return sequence
"""
"""Forget everything made from the tags, ARGV: random id, tags to remember, then the tags. A wide tag cannot
say which keys it was used in: then a new epoch forgets everything. A full server must not keep old values,
so this one runs even then."""
