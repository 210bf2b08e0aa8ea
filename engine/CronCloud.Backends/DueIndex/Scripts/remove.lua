-- Takes entries out that still have the version and due time that were seen.
-- KEYS    1 due (sorted set: entry -> due ms, of left-overs less 1e13)  2 entry (hash: entry -> version[,until ms]|payload)  3 epoch (hash: entries = how many)
-- ARGV    per entry: key, version, score
-- Returns how many were taken out.
local removed = 0
for i = 1, #ARGV, 3 do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[i])
  local stored = redis.call('HGET', KEYS[2], ARGV[i])
  local current = stored and tonumber(string.match(stored, '^%d+')) or 0
  if score and tonumber(score) == tonumber(ARGV[i + 2]) and current == tonumber(ARGV[i + 1]) then
    redis.call('ZREM', KEYS[1], ARGV[i])
    redis.call('HDEL', KEYS[2], ARGV[i])
    removed = removed + 1
  end
end
if removed > 0 then redis.call('HINCRBY', KEYS[3], 'entries', -removed) end
return removed
