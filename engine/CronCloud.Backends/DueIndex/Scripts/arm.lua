-- Puts entries in; one of a higher version that is there already stays as it is, and so does one of the same unless it is to be raised.
-- KEYS    1 due (sorted set: entry -> due ms, of left-overs less 1e13)  2 entry (hash: entry -> version[,until ms]|payload)  3 epoch (hash: entries = how many)
-- ARGV    1 wake channel  2 partition
--         then per entry: key, version, score, payload, until ms or '', since ms or '', 1 to raise the due time of the same version
-- Returns how many were put in. One that has a payload and no due time is not there: half of it was lost. What an older version was due up to 'since' stays as an entry of its own: key~version@due.
local LANE = 10000000000000
local head = redis.call('ZRANGEBYSCORE', KEYS[1], '0', '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]

local function value(i)
  return ARGV[i + 1] .. (ARGV[i + 4] ~= '' and ',' .. ARGV[i + 4] or '') .. '|' .. ARGV[i + 3]
end

local function told(added, earliest)
  if added > 0 then redis.call('HINCRBY', KEYS[3], 'entries', added) end
  if earliest and (not head or earliest < tonumber(head)) then
    redis.call('PUBLISH', ARGV[1], ARGV[2])
  end
end

-- A build and an import put in what is not there, each once: that takes a call for all instead of three for each.
local function all_at_once()
  local keys, known = {}, {}
  for i = 3, #ARGV, 7 do
    if known[ARGV[i]] then return nil end
    known[ARGV[i]] = true
    keys[#keys + 1] = ARGV[i]
  end
  local scores = redis.call('ZMSCORE', KEYS[1], unpack(keys))
  local values, dues, earliest = {}, {}, nil
  for n, key in ipairs(keys) do
    if scores[n] then return nil end
    local i, at = 7 * n - 4, 2 * n
    local due = tonumber(ARGV[i + 2])
    values[at - 1], values[at] = key, value(i)
    dues[at - 1], dues[at] = ARGV[i + 2], key
    if not earliest or due < earliest then earliest = due end
  end
  redis.call('HSET', KEYS[2], unpack(values))
  redis.call('ZADD', KEYS[1], unpack(dues))
  told(#keys, earliest)
  return #keys
end

local done = #ARGV > 2 and all_at_once()
if done then return done end
local earliest, armed, added = nil, 0, 0
for i = 3, #ARGV, 7 do
  local key, version, due, since = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), tonumber(ARGV[i + 5])
  local score = tonumber(redis.call('ZSCORE', KEYS[1], key) or nil)
  local stored = score and redis.call('HGET', KEYS[2], key)
  local current = stored and tonumber(string.match(stored, '^%d+')) or -1
  if current < version then
    local payload = stored and since and score <= since and string.match(stored, '^%d+,?%d*|(.+)$')
    if payload then
      local left = key .. '~' .. string.format('%d@%d', current, score)
      if redis.call('ZADD', KEYS[1], 'NX', score - LANE, left) == 1 then
        redis.call('HSET', KEYS[2], left, string.format('%d,%d|', current, since) .. payload)
        added = added + 1
        earliest = score - LANE
      end
    end
    redis.call('HSET', KEYS[2], key, value(i))
    added = added + redis.call('ZADD', KEYS[1], ARGV[i + 2], key)
    armed = armed + 1
    if not earliest or due < earliest then earliest = due end
  elseif current == version and ARGV[i + 6] == '1' and string.sub(stored, -1) ~= '|' and score < due then
    redis.call('ZADD', KEYS[1], ARGV[i + 2], key)
  end
end
told(added, earliest)
return armed
