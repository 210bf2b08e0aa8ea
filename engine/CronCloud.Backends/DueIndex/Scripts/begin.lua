-- Says that the record is being put in. Payloads without a due time are what was left of a part that was lost: they are taken out.
-- KEYS    1 due (sorted set: entry -> due ms, of left-overs less 1e13)  2 entry (hash: entry -> version[,until ms]|payload)  3 epoch (hash: state = a build's id)
-- ARGV    1 build
-- Returns how many were taken out.
redis.call('HSET', KEYS[3], 'state', ARGV[1])
local removed = 0
if redis.call('ZCARD', KEYS[1]) ~= redis.call('HLEN', KEYS[2]) then
  for _, key in ipairs(redis.call('HKEYS', KEYS[2])) do
    if not redis.call('ZSCORE', KEYS[1], key) then removed = removed + redis.call('HDEL', KEYS[2], key) end
  end
end
return removed
