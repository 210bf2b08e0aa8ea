-- Flights with a deadline at or before an instant, the soonest first.
-- KEYS    1 inflight (sorted set: attempt -> deadline ms)  2 flight (hash: attempt -> execution)
-- ARGV    1 instant ms or +inf  2 limit
-- Returns per flight: attempt, deadline ms, execution ('' when lost).
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local answer = {}
for i = 1, #found, 2 do
  answer[#answer + 1] = found[i]
  answer[#answer + 1] = found[i + 1]
  answer[#answer + 1] = redis.call('HGET', KEYS[2], found[i]) or ''
end
return answer
