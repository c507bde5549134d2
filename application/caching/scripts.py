"""The Lua scripts: what must happen in Redis as one step.

Control keys begin with `broadsheet:` and have no lifetime, so that a `volatile-*` policy never evicts them:
`seq` counts invalidations, `epoch` names an unbroken memory of them, `tags` maps a tag to the number of its
last invalidation, `floor` is the number below which `tags` has been trimmed, `tag:<tag>` lists the keys made
from a tag with the time (ms) at which each expires, `spares:<tag>` the same of spare copies, `wide` holds the tags that
list too many keys to unlink one by one. `heat` says how often each page was asked for lately, `cold` are hot pages
that an invalidation has forgotten, `stats:counts` counts outcomes, `releases` says which are alive. Leases
(`lease:<key>`), spare copies (`spare:<key>`) and the list of what was forgotten by whom (`purges`) have lifetimes.
"""

from application.caching.writing_down import WRITE_DOWN

HOT = 2
"""How often a page must have been asked for, lately, for it to be made again before somebody asks."""
PAGES_WITH_HEAT = 1_000

CONNECT = """
local run_id = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local epoch = redis.call('GET', 'broadsheet:epoch')
if not epoch or string.match(epoch, '%.(%w+)$') ~= run_id then
  epoch = ARGV[1] .. '.' .. run_id
  redis.call('SET', 'broadsheet:epoch', epoch)
end
return {epoch, redis.call('GET', 'broadsheet:seq') or '0'}
"""
"""Name the epoch, ARGV: random id. Another server process, or an emptied one, has another epoch: what was
stored before is not believed (a restart from a snapshot brings purged pages back)."""

LARGEST = 8 * 1024 * 1024
"""Bytes of a value that is stored or sent: a larger one would hold up all others, here and on the way."""
MOST_FIELDS = 8
"""Fields of a page: its envelope, and one for each encoding."""

TAKE = """
local function take(lease, token, duration)
  local taken = redis.pcall('SET', lease, token, 'NX', 'PX', duration)
  if type(taken) == 'table' and not taken.err then return 1 end
  if taken then return -1 end
  local left = redis.call('PTTL', lease)
  if left >= 0 and left <= tonumber(duration) then return 0 end
  redis.call('DEL', lease)
  taken = redis.pcall('SET', lease, token, 'NX', 'PX', duration)
  return (type(taken) == 'table' and not taken.err) and 1 or -1
end
"""
"""Take a lease: 1 taken, 0 another has it, -1 there is no room for one. One that would never end, or not soon, is
nobody's."""

FETCH = (
    """
<take>
local function newest(envelope, own)
  local from = string.find(envelope, '"tags":[', 1, true)
  local to = from and string.find(envelope, '],"value":', from, true)
  if not to then return 0 end
  local read, tags = pcall(cjson.decode, string.sub(envelope, from + 7, to))
  if not read or type(tags) ~= 'table' then return 0 end
  tags[#tags + 1] = 'key/' .. own
  local found = tonumber(redis.call('GET', 'broadsheet:floor') or '0') or 0
  for i = 1, #tags, 1000 do
    for _, score in ipairs(redis.call('ZMSCORE', 'broadsheet:tags', unpack(tags, i, math.min(i + 999, #tags)))) do
      if score and tonumber(score) > found then found = tonumber(score) end
    end
  end
  return found
end
local order = redis.call('MGET', 'broadsheet:epoch', 'broadsheet:seq')
local kind, value, envelope, size = redis.call('TYPE', KEYS[1]).ok, false, '', 0
if kind == 'string' and ARGV[1] == 'string' then
  size = redis.call('STRLEN', KEYS[1])
  if size <= <largest> then value = redis.call('GET', KEYS[1]); envelope = value end
elseif kind == 'hash' and ARGV[1] == 'hash' then
  size = redis.call('HLEN', KEYS[1]) <= <fields> and 0 or <largest> + 1
  for _, field in ipairs(size == 0 and redis.call('HKEYS', KEYS[1]) or {}) do
    size = size + redis.call('HSTRLEN', KEYS[1], field)
  end
  if size <= <largest> then
    value = redis.call('HGETALL', KEYS[1])
    for i = 1, #value, 2 do if value[i] == 'page' then envelope = value[i + 1] end end
  end
end
if size > <largest> then redis.pcall('UNLINK', KEYS[1]) end
if value then return {order[1], order[2], value, redis.call('PTTL', KEYS[1]), 0, newest(envelope, ARGV[4])} end
local granted = ARGV[2] ~= '' and take(KEYS[2], ARGV[2], ARGV[3]) or 0
return {order[1], order[2], false, 0, granted, 0}
""".replace("<take>", TAKE)
    .replace("<largest>", str(LARGEST))
    .replace("<fields>", str(MOST_FIELDS))
)
"""Look KEYS[1] up, ARGV: its type, and, unless it is to be left alone, a token and a duration (ms) for the lease
KEYS[2], which is taken when there is no value; then the key's own name. Returns epoch, sequence, value, time to live
(ms), whether the lease was taken, and the number of the last change to what the value was made from: a list of keys
that was lost, or a value that was put back, must not show what has changed since. What is too large is taken away."""

TAKE_LEASE = f"{TAKE}\nreturn take(KEYS[1], ARGV[1], ARGV[2])"
"""Take the lease KEYS[1], ARGV: token, duration (ms)."""

STORE = """
if redis.call('GET', 'broadsheet:epoch') ~= ARGV[1] then return 0 end
local sequence = tonumber(ARGV[2])
local floor = tonumber(redis.call('GET', 'broadsheet:floor') or '0')
if floor > tonumber(redis.call('GET', 'broadsheet:seq') or '0') then
  return redis.error_reply('DAMAGED what is remembered of changes begins after the last of them')
end
if sequence < floor then return 0 end
local ttl, limit, spare, fields = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[8])
local size = 0
for i = 9, 8 + fields do size = size + #ARGV[i] end
if size > <largest> then return -1 end
local last = redis.call('ZSCORE', 'broadsheet:tags', 'key/' .. ARGV[6])
if last and tonumber(last) > sequence then return 0 end
for i = 9 + fields, #ARGV do
  last = redis.call('ZSCORE', 'broadsheet:tags', ARGV[i])
  if last and tonumber(last) > sequence then return 0 end
end
if fields == 1 then
  redis.call('SET', KEYS[1], ARGV[9], 'PX', ttl)
else
  redis.call('DEL', KEYS[1])
  for i = 9, 8 + fields, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
  redis.call('PEXPIRE', KEYS[1], ttl)
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function list(listing, tag, key, lifetime)
  redis.call('ZREMRANGEBYSCORE', listing, '-inf', '(' .. now)
  if redis.call('ZCARD', listing) >= limit then
    redis.call('SADD', 'broadsheet:wide', tag)
  else
    redis.call('ZADD', listing, now + lifetime, key)
  end
end
for i = 9 + fields, #ARGV do
  list('broadsheet:tag:' .. ARGV[i], ARGV[i], KEYS[1], ttl)
  if spare > 0 then list('broadsheet:spares:' .. ARGV[i], ARGV[i], KEYS[3], spare) end
end
if spare > 0 then
  redis.call('COPY', KEYS[1], KEYS[3], 'REPLACE')
  redis.call('PEXPIRE', KEYS[3], spare)
end
if ARGV[7] ~= '' and redis.call('GET', KEYS[2]) == ARGV[7] then redis.call('DEL', KEYS[2]) end
return 1
""".replace("<largest>", str(LARGEST))
"""Store KEYS[1] unless something it was made from has changed since; give the lease KEYS[2] back, and keep a spare copy
as KEYS[3]. ARGV: epoch, sequence, ttl (ms), keys a tag may list, lifetime of the spare copy (ms, 0: none), the key's
own name, the lease's token, count of the value's fields (1: a string), the fields, then the tags. 1 when stored, 0 when
it is out of date, -1 when it is too large."""

INVALIDATE = """#!lua flags=allow-oom
<write_down>
local gone = 0
local sequence = redis.call('INCR', 'broadsheet:seq')
local limit, kind, base, prefix, wide = tonumber(ARGV[2]), ARGV[3], ARGV[6], ARGV[7], false
local function forget(listing)
  local keys = redis.call('ZRANGE', listing, 0, -1)
  for j = 1, #keys, 1000 do
    gone = gone + redis.call('UNLINK', unpack(keys, j, math.min(j + 999, #keys)))
  end
  redis.call('UNLINK', listing)
  return keys
end
local function chill(key)
  local heat = redis.call('ZSCORE', 'broadsheet:heat', key)
  if heat and tonumber(heat) >= <hot> then redis.call('ZADD', 'broadsheet:cold', heat, key) end
end
local tags = {}
for i = 8, #ARGV do
  local tag = ARGV[i]
  tags[#tags + 1] = tag
  redis.call('ZADD', 'broadsheet:tags', sequence, tag)
  if string.sub(tag, 1, 4) == 'key/' then
    gone = gone + redis.call('UNLINK', prefix .. string.sub(tag, 5), base .. string.sub(tag, 5))
  else
    for _, key in ipairs(forget('broadsheet:tag:' .. tag)) do chill(key) end
    if kind == 'withdrawn' then
      local values = gone
      forget('broadsheet:spares:' .. tag)
      gone = values
    end
    if redis.call('SREM', 'broadsheet:wide', tag) == 1 then wide = true end
  end
end
local epoch = redis.call('GET', 'broadsheet:epoch') or ''
if wide and epoch ~= '' then
  epoch = ARGV[1] .. string.match(epoch, '%.%w+$')
  redis.call('SET', 'broadsheet:epoch', epoch)
  redis.call('ZRANGESTORE', 'broadsheet:cold', 'broadsheet:heat', <hot>, '+inf', 'BYSCORE')
end
local over = redis.call('ZCARD', 'broadsheet:tags') - limit
if over > 0 then
  local last = redis.call('ZRANGE', 'broadsheet:tags', over - 1, over - 1, 'WITHSCORES')
  redis.call('SET', 'broadsheet:floor', last[2])
  redis.call('ZREMRANGEBYSCORE', 'broadsheet:tags', '-inf', last[2])
end
redis.call('PUBLISH', ARGV[4], cjson.encode({epoch, sequence, tags}))
pcall(write_down, ARGV[5], kind, tags, gone, wide)
return {epoch, sequence, redis.call('ZCARD', 'broadsheet:cold')}
""".replace("<hot>", str(HOT)).replace("<write_down>", WRITE_DOWN)
"""Forget everything made from the tags, and push that to every process. ARGV: random id, tags to remember, kind
(`withdrawn`: spare copies too), channel, who writes, prefix of all values and of those of this release, then the tags,
of which `key/<name>` stands for one key: what another release has under it is not believed any more, and left to its
end. A wide tag cannot say which keys it was used in: then a new epoch forgets everything. A full server must not keep
old values, so this one runs even then. Returns epoch, sequence, and how many hot pages wait to be made again."""

ANEW = """
local kinds = {epoch = 'string', seq = 'string', floor = 'string', tags = 'zset', wide = 'set', heat = 'zset',
  cold = 'zset', ['stats:counts'] = 'hash', purges = 'list', releases = 'hash'}
for name, kind in pairs(kinds) do
  local is = redis.call('TYPE', 'broadsheet:' .. name).ok
  if is ~= kind then redis.call('UNLINK', 'broadsheet:' .. name) end
end
for _, tag in ipairs(ARGV) do
  for _, list in ipairs({'broadsheet:tag:' .. tag, 'broadsheet:spares:' .. tag}) do
    if redis.call('TYPE', list).ok ~= 'zset' then redis.call('UNLINK', list) end
  end
end
redis.call('UNLINK', 'broadsheet:epoch', 'broadsheet:seq', 'broadsheet:tags', 'broadsheet:floor')
"""
"""Forget the order of changes, and take away what is of another kind than its name says. ARGV: tags whose lists are
looked at, too."""

RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""
"""Give the lease KEYS[1] back, ARGV: token."""

RENEW = """
for i, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[i + 1] then redis.call('PEXPIRE', key, ARGV[1]) end
end
"""
"""Hold the leases KEYS for longer, ARGV: duration (ms), then the token of each."""

REPLACE = """
if redis.call('HGET', KEYS[1], 'page') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'page', ARGV[2], ARGV[3], ARGV[4])
return 1
"""
"""Exchange one encoding of the page KEYS[1] if it is still the one that was read, ARGV: its envelope, the new envelope,
the encoding and its body."""

REPORT = """#!lua flags=allow-oom
if ARGV[1] ~= '' then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
local counts, heat, cold = 'broadsheet:stats:counts', 'broadsheet:heat', 'broadsheet:cold'
local fields, pages, pairs_ = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local now = tonumber(redis.call('TIME')[1])
redis.call('HSETNX', counts, 'since', string.format('%d', now))
for i = 6, 5 + 2 * pairs_, 2 do
  local field = ARGV[i]
  if redis.call('HLEN', counts) >= fields and redis.call('HEXISTS', counts, field) == 0 then
    field = string.match(field, '^[^:]*') .. ': (others)'
  end
  redis.call('HINCRBY', counts, field, ARGV[i + 1])
end
local minute = math.floor(now / 60)
local last = tonumber(redis.call('HGET', counts, 'minute') or minute)
redis.call('HSET', counts, 'minute', string.format('%d', minute))
if minute > last then
  redis.call('ZUNIONSTORE', heat, 1, heat, 'WEIGHTS', string.format('%.17g', 0.5 ^ math.min(minute - last, 60)))
  redis.call('ZREMRANGEBYSCORE', heat, '-inf', '(0.5')
end
for i = 6 + 2 * pairs_, #ARGV, 2 do redis.call('ZINCRBY', heat, ARGV[i + 1], ARGV[i]) end
redis.call('ZREMRANGEBYRANK', heat, 0, -1 - pages)
redis.call('ZREMRANGEBYRANK', cold, 0, -1 - pages)
return 1
"""
"""Add up what the process KEYS[1] counted. ARGV: how it is, unless empty, and for how long (ms) that is true; how many
counters and how many pages with heat to hold at most; count of its counters, then name and number of each; then the
pages that were asked for and how often. Heat halves each minute, by the server's clock. None of it has a lifetime but
the process's own word, so all of it is bounded, and a full server takes it too."""
