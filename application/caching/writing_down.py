"""The Lua that writes down what was forgotten: a part of whatever forgets."""

PURGES_KEY = "broadsheet:purges"
PURGES = 500
"""Entries of the list of what was forgotten."""
PURGES_LAST = 7 * 86_400
MERGED_WITHIN = 10
"""Seconds within which invalidations by one writer, with nobody's in between, become one entry."""
TAGS_NAMED = 20

LONGEST_TAG = 200

WRITE_DOWN = """
local function write_down(by, kind, tags, keys, everything)
  if keys == 0 and not everything and string.sub(by, 1, 1) == '(' then return end
  local log, now = 'broadsheet:purges', tonumber(redis.call('TIME')[1])
  local entry = {began = now, by = by, kind = kind, tags = {}, more = 0, keys = 0, times = 0, everything = false}
  local kept_as = redis.call('TYPE', log).ok
  if kept_as ~= 'list' and kept_as ~= 'none' then redis.call('UNLINK', log) end
  local read, last = pcall(cjson.decode, redis.call('LINDEX', log, 0) or '')
  local is_merged = read and type(last) == 'table' and last.by == by and last.kind == kind
    and type(last.tags) == 'table' and now - (tonumber(last.began) or 0) < <within>
  if is_merged then
    for name, value in pairs(entry) do
      if type(last[name]) == type(value) then entry[name] = last[name] end
    end
  end
  entry.at, entry.times, entry.keys = now, entry.times + 1, entry.keys + keys
  entry.everything = entry.everything or everything
  local known = {}
  for _, tag in ipairs(entry.tags) do known[tag] = true end
  for _, tag in ipairs(tags) do
    local name = #tag <= <longest> and tag or '(a tag of ' .. #tag .. ' bytes)'
    if not known[name] and #entry.tags < <named> then
      entry.tags[#entry.tags + 1] = name
    elseif not known[name] then
      entry.more = entry.more + 1
    end
    known[name] = true
  end
  local written = cjson.encode(entry)
  if is_merged then redis.call('LSET', log, 0, written) else redis.call('LPUSH', log, written) end
  redis.call('LTRIM', log, 0, <most> - 1)
  redis.call('EXPIRE', log, <last>)
end
"""
for _name, _number in (
    ("within", MERGED_WITHIN),
    ("named", TAGS_NAMED),
    ("longest", LONGEST_TAG),
    ("most", PURGES),
    ("last", PURGES_LAST),
):
    WRITE_DOWN = WRITE_DOWN.replace(f"<{_name}>", str(_number))
"""Write down what was forgotten, unless that is nothing, told by nobody in particular: `(the outbox …)`. It is called
protected: what is wrong with the list must not undo the forgetting."""

CLEARED = f"""#!lua flags=allow-oom
{WRITE_DOWN}
write_down(ARGV[1], 'cleared', {{'(everything)'}}, tonumber(ARGV[2]), true)
"""
"""Write down that everything was forgotten. ARGV: by whom, and how many keys went."""
