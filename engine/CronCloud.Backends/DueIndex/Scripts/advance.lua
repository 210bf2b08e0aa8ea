-- Moves entries on if they still have the version and due time that were seen, and marks what was published in flight.
-- KEYS    1 due (sorted set: entry -> due ms, of left-overs less 1e13)  2 entry (hash: entry -> version[,until ms]|payload)  3 epoch (hash: entries = how many)
--         4 inflight (sorted set: attempt -> deadline ms)  5 flight (hash: attempt -> execution)
--         6 landed (sorted set: attempt whose outcome was settled -> ms, and what came of it as a fraction, see land.lua): a late advance marks no flight of it
--         7 slot (hash: job -> execution that has it)  8 waiting (hash: job -> entry key \n version|payload)
-- ARGV    1 landings older than this ms are forgotten  2 now ms
--         then per entry: key, version, score, next score | 'drop' | 'bury', tombstone due ms, attempt or '', deadline ms, execution,
--         key of the left-over or '', its until ms, its score, job whose slot is waited for or '', waiting entry's key, its due ms, its version|payload,
--         job whose slot was claimed or '', execution: should its attempt have landed and no retry go on, the slot is freed
-- Returns per entry 1 where it moved, else 0. An entry edited meanwhile keeps its edit, and the flight is marked all the same; what the edit left over of it
-- moves on in its place.
redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', ARGV[1])

-- Most batches have nothing but entries that move on, each once, to flights that have not landed: those take a call for all instead of seven for each.
local function all_at_once()
  local keys, attempts, known = {}, {}, {}
  for i = 3, #ARGV, 17 do
    if ARGV[i + 8] ~= '' or ARGV[i + 11] ~= '' or known[ARGV[i]] then return nil end
    known[ARGV[i]] = true
    keys[#keys + 1] = ARGV[i]
    attempts[#attempts + 1] = ARGV[i + 5]
  end
  local scores = redis.call('ZMSCORE', KEYS[1], unpack(keys))
  local stored = redis.call('HMGET', KEYS[2], unpack(keys))
  local landed = redis.call('ZMSCORE', KEYS[6], unpack(attempts))
  local due, entries, dropped, deadlines, flights, answer = {}, {}, {}, {}, {}, {}
  for n, key in ipairs(keys) do
    local i = 17 * n - 14
    local current = stored[n] and tonumber(string.match(stored[n], '^%d+')) or 0
    local moved = scores[n] and tonumber(scores[n]) == tonumber(ARGV[i + 2]) and current == tonumber(ARGV[i + 1])
    if not moved or (attempts[n] ~= '' and landed[n]) then return nil end
    local step = ARGV[i + 3]
    if step == 'drop' then
      dropped[#dropped + 1] = key
    else
      due[#due + 1] = step == 'bury' and ARGV[i + 4] or step
      due[#due + 1] = key
    end
    if step == 'bury' then
      entries[#entries + 1] = key
      entries[#entries + 1] = ARGV[i + 1] .. '|'
    end
    if attempts[n] ~= '' then
      deadlines[#deadlines + 1] = ARGV[i + 6]
      deadlines[#deadlines + 1] = attempts[n]
      flights[#flights + 1] = attempts[n]
      flights[#flights + 1] = ARGV[i + 7]
    end
    answer[n] = 1
  end
  if #due > 0 then redis.call('ZADD', KEYS[1], unpack(due)) end
  if #entries > 0 then redis.call('HSET', KEYS[2], unpack(entries)) end
  if #dropped > 0 then
    redis.call('ZREM', KEYS[1], unpack(dropped))
    redis.call('HDEL', KEYS[2], unpack(dropped))
    redis.call('HINCRBY', KEYS[3], 'entries', -#dropped)
  end
  if #flights > 0 then
    redis.call('ZADD', KEYS[4], unpack(deadlines))
    redis.call('HSET', KEYS[5], unpack(flights))
  end
  return answer
end

local done = #ARGV > 2 and all_at_once()
if done then return done end
local LANE = 10000000000000
local answer, added = {}, 0
local function put(key, value, due)
  redis.call('HSET', KEYS[2], key, value)
  added = added + redis.call('ZADD', KEYS[1], due, key)
end
for i = 3, #ARGV, 17 do
  local key, version, step, attempt, left, job = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 3], ARGV[i + 5], ARGV[i + 8], ARGV[i + 11]
  local score = redis.call('ZSCORE', KEYS[1], key)
  local stored = redis.call('HGET', KEYS[2], key)
  local current = stored and tonumber(string.match(stored, '^%d+')) or 0
  local moved = score and tonumber(score) == tonumber(ARGV[i + 2]) and current == version
  if moved then
    if left ~= '' then
      put(left, ARGV[i + 1] .. ',' .. ARGV[i + 9] .. '|' .. string.match(stored, '|(.*)$'), ARGV[i + 10])
    end
    if step == 'drop' then
      added = added - redis.call('ZREM', KEYS[1], key)
      redis.call('HDEL', KEYS[2], key)
    elseif step == 'bury' then
      put(key, ARGV[i + 1] .. '|', ARGV[i + 4])
    else
      redis.call('ZADD', KEYS[1], step, key)
    end
    if job ~= '' then
      local waits = redis.call('HGET', KEYS[8], job)
      local others = waits and string.match(waits, '^[^\n]*') ~= ARGV[i + 12]
      if others or not redis.call('HGET', KEYS[7], job) then
        put(ARGV[i + 12], ARGV[i + 14], ARGV[i + 13])
      else
        redis.call('HSET', KEYS[8], job, ARGV[i + 12] .. '\n' .. ARGV[i + 14])
      end
    end
  end
  if not moved and current > version and left == '' and job == '' then
    local rest = key .. '~' .. string.format('%d@%d', version, tonumber(ARGV[i + 2]))
    local rest_until = string.match(redis.call('HGET', KEYS[2], rest) or '', '^%d+,(%d+)|')
    if rest_until and tonumber(redis.call('ZSCORE', KEYS[1], rest)) == tonumber(ARGV[i + 2]) - LANE then
      if tonumber(step) and tonumber(step) <= tonumber(rest_until) then
        redis.call('ZADD', KEYS[1], tonumber(step) - LANE, rest)
      else
        added = added - redis.call('ZREM', KEYS[1], rest)
        redis.call('HDEL', KEYS[2], rest)
      end
    end
  end
  local landed = attempt ~= '' and redis.call('ZSCORE', KEYS[6], attempt)
  local slot, execution = ARGV[i + 15], ARGV[i + 16]
  if attempt ~= '' and not landed and (moved or current > version) then
    redis.call('ZADD', KEYS[4], ARGV[i + 6], attempt)
    redis.call('HSET', KEYS[5], attempt, ARGV[i + 7])
  elseif landed and slot ~= '' and redis.call('HGET', KEYS[7], slot) == execution then
    local own = redis.call('HGET', KEYS[2], execution)
    local goes_on = own and (string.sub(own, -1) ~= '|' or redis.call('ZSCORE', KEYS[4], execution .. '#' .. string.match(own, '^%d+')))
    local waits = not goes_on and redis.call('HGET', KEYS[8], slot)
    if not goes_on then redis.call('HDEL', KEYS[7], slot) end
    if waits then
      redis.call('HDEL', KEYS[8], slot)
      local waiting, value = string.match(waits, '^([^\n]*)\n(.*)$')
      put(waiting, value, ARGV[2])
    end
  end
  answer[#answer + 1] = moved and 1 or 0
end
if added ~= 0 then redis.call('HINCRBY', KEYS[3], 'entries', added) end
return answer
