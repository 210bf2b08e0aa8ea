-- Says that a name lives, for so long.
-- KEYS    1 roster (sorted set: name -> alive until ms)
-- ARGV    1 name  2 life ms
-- Returns 1 when the name was alive before, else 0, and all names that live now. The clock is that of Redis.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local known = redis.call('ZSCORE', KEYS[1], ARGV[1]) and 1 or 0
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
return { known, redis.call('ZRANGE', KEYS[1], 0, -1) }
