-- Moves entries on if they still have the version and due time that were seen, and marks what was published in flight.
-- KEYS    1 due (sorted set: entry -> due ms)  2 entry (hash: entry -> version|payload)
--         3 inflight (sorted set: attempt -> deadline ms)  4 flight (hash: attempt -> execution)
--         5 landed (sorted set: attempt whose outcome came before its flight was marked -> ms)
-- ARGV    1 landings older than this ms are forgotten  then per entry: key, version, due ms, next due ms | 'drop' | 'bury', tombstone due ms, attempt or '', deadline ms, execution
-- Returns per entry 1 where it moved, else 0. An entry edited meanwhile keeps its edit, and the flight is marked all the same.
redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', ARGV[1])
local answer = {}
for i = 2, #ARGV, 8 do
  local key, version, step, attempt = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 3], ARGV[i + 5]
  local score = redis.call('ZSCORE', KEYS[1], key)
  local stored = redis.call('HGET', KEYS[2], key)
  local current = stored and tonumber(string.match(stored, '^%d+')) or 0
  local moved = score and tonumber(score) == tonumber(ARGV[i + 2]) and current == version
  if moved then
    if step == 'drop' then
      redis.call('ZREM', KEYS[1], key)
      redis.call('HDEL', KEYS[2], key)
    elseif step == 'bury' then
      redis.call('ZADD', KEYS[1], ARGV[i + 4], key)
      redis.call('HSET', KEYS[2], key, ARGV[i + 1] .. '|')
    else
      redis.call('ZADD', KEYS[1], step, key)
    end
  end
  if attempt ~= '' and (moved or current > version) and redis.call('ZREM', KEYS[5], attempt) == 0 then
    redis.call('ZADD', KEYS[3], ARGV[i + 6], attempt)
    redis.call('HSET', KEYS[4], attempt, ARGV[i + 7])
  end
  answer[#answer + 1] = moved and 1 or 0
end
return answer
