-- Replaces a flight if it is still there with the deadline that was seen.
-- KEYS    1 inflight (sorted set: attempt -> deadline ms)  2 flight (hash: attempt -> execution)
-- ARGV    1 attempt  2 deadline ms seen  3 new deadline ms  4 execution
-- Returns 1 when it was, else 0.
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score or tonumber(score) ~= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[4])
return 1
