-- Says that a name lives, for so long.
-- KEYS    1 roster (sorted set: name -> alive until ms)  2 born (ms since when there has been a name on it)
-- ARGV    1 name  2 life ms
-- Returns the age of the roster in ms, and all names that live now. The clock is that of Redis.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local born = redis.call('ZCARD', KEYS[1]) > 0 and redis.call('GET', KEYS[2])
if not born then
  born = now
  redis.call('SET', KEYS[2], now)
end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
return { now - born, redis.call('ZRANGE', KEYS[1], 0, -1) }
