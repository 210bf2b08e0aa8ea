-- Entries due at or before an instant, the soonest first, and when the next one after them is due.
-- KEYS    1 due (sorted set: entry -> due ms)  2 entry (hash: entry -> version|payload)
--         3 epoch ('built' when the partition was)
-- ARGV    1 instant ms  2 limit
-- Returns 1 when the partition was built, next due ms or '' when there is none, then per entry: key, due ms, version|payload ('' when lost).
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local answer = { redis.call('GET', KEYS[3]) == 'built' and 1 or 0, '' }
if #found / 2 >= tonumber(ARGV[2]) then
  answer[2] = found[#found]
else
  local rest = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  answer[2] = rest[2] or ''
end
for i = 1, #found, 2 do
  answer[#answer + 1] = found[i]
  answer[#answer + 1] = found[i + 1]
  answer[#answer + 1] = redis.call('HGET', KEYS[2], found[i]) or ''
end
return answer
