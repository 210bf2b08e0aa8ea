-- Replaces flights that are still there with the deadlines that were seen.
-- KEYS    1 inflight (sorted set: attempt -> deadline ms)  2 flight (hash: attempt -> execution)
-- ARGV    per flight: attempt, deadline ms seen, new deadline ms, execution
-- Returns per flight 1 when it was, else 0.
local extended = {}
for i = 1, #ARGV, 4 do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[i])
  local isSame = score and tonumber(score) == tonumber(ARGV[i + 1])
  if isSame then
    redis.call('ZADD', KEYS[1], ARGV[i + 2], ARGV[i])
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 3])
  end
  extended[#extended + 1] = isSame and 1 or 0
end
return extended
