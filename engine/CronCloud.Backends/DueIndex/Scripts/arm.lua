-- Puts entries in; one of the same or a higher version that is there already stays as it is.
-- KEYS    1 due (sorted set: entry -> due ms)  2 entry (hash: entry -> version|payload)
-- ARGV    1 wake channel  2 partition  then per entry: key, version, due ms, payload
-- Returns how many were put in.
local head = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
local earliest, armed = nil, 0
for i = 3, #ARGV, 4 do
  local key, version, due = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  local stored = redis.call('HGET', KEYS[2], key)
  if not stored or tonumber(string.match(stored, '^%d+')) < version then
    redis.call('HSET', KEYS[2], key, ARGV[i + 1] .. '|' .. ARGV[i + 3])
    redis.call('ZADD', KEYS[1], ARGV[i + 2], key)
    armed = armed + 1
    if not earliest or due < earliest then earliest = due end
  end
end
if earliest and (not head or earliest < tonumber(head)) then
  redis.call('PUBLISH', ARGV[1], ARGV[2])
end
return armed
