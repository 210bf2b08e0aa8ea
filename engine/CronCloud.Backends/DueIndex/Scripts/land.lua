-- Ends flights; a retry is armed in the same step, unless it was armed before.
-- KEYS    1 due (sorted set: entry -> due ms)  2 entry (hash: entry -> version|payload)
--         3 inflight (sorted set: attempt -> deadline ms)  4 flight (hash: attempt -> execution)
--         5 landed (sorted set: attempt whose outcome came before its flight was marked -> ms)
-- ARGV    1 wake channel  2 partition  3 now ms  then per landing: attempt, retry key or '', version, due ms, payload
-- Returns how many flights ended.
local ended = 0
for i = 4, #ARGV, 5 do
  if redis.call('ZREM', KEYS[3], ARGV[i]) == 1 then
    redis.call('HDEL', KEYS[4], ARGV[i])
    ended = ended + 1
  else
    redis.call('ZADD', KEYS[5], ARGV[3], ARGV[i])
  end
  local key = ARGV[i + 1]
  if key ~= '' then
    local stored = redis.call('HGET', KEYS[2], key)
    if not stored or tonumber(string.match(stored, '^%d+')) < tonumber(ARGV[i + 2]) then
      local head = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
      redis.call('HSET', KEYS[2], key, ARGV[i + 2] .. '|' .. ARGV[i + 4])
      redis.call('ZADD', KEYS[1], ARGV[i + 3], key)
      if not head or tonumber(ARGV[i + 3]) < tonumber(head) then
        redis.call('PUBLISH', ARGV[1], ARGV[2])
      end
    end
  end
end
return ended
