-- Ends flights; in the same step a retry is armed, unless it was armed before, and a slot is freed, if the execution still has it.
-- KEYS    1 due (sorted set: entry -> due ms, of left-overs less 1e13)  2 entry (hash: entry -> version[,until ms]|payload)  3 epoch (hash: entries = how many)
--         4 inflight (sorted set: attempt -> deadline ms)  5 flight (hash: attempt -> execution)
--         6 landed (sorted set: attempt whose outcome was settled -> ms, and a half when it succeeded, a quarter when it is tried again, an eighth when it failed for good): a late advance marks no flight of it
--         7 slot (hash: job -> execution that has it)  8 waiting (hash: job -> entry key \n version|payload)
-- ARGV    1 wake channel  2 partition  3 now ms
--         4 tombstone due ms  5 ms until which the clock of another node may be  then per landing: attempt or '', retry key or '', version, due ms, payload, job whose slot is freed (unless a later attempt waits or is
--         in flight, since another run of this one was put off or failed) or '', execution,
--         '1' when it succeeded, '0' when it failed for good, else ''
-- Returns per landing 1, or 0 when its retry was over already, or the attempt had succeeded and now did not, or is tried again and now was given up, or had failed for good and now asks for a retry:
-- the outcome is an old one, told again, or one of a second run. 2 when it succeeded and the next attempt waited, since another run of this one was put off or failed: that one is not made.
-- Who waits for a freed slot is due now.

-- What is remembered of an attempt that landed: see KEYS 6.
local function landing(score, key, told)
  local as = score and tonumber(score) % 1 or 0
  local succeeded, retried, failed = as == 0.5, as == 0.25, as == 0.125
  local now = (succeeded or told == '1') and '.5' or failed and '.125' or (retried or key ~= '') and '.25' or told == '0' and '.125' or ''
  return ARGV[3] .. now, told ~= '1' and (succeeded or retried and key == '' or failed and key ~= '') and 0 or 1
end

-- The version of an execution's entry when it is the next attempt after one that succeeded, and waits; nil when it is due by the clock of another node, which may
-- have it on the queue by now. A left-over is a redrive, which is wanted.
local function next_version(attempt, execution, stored)
  local version = stored and string.match(stored, '^(%d+)|.')
  local due = version and tonumber(version) == tonumber(string.match(attempt, '%d+$')) + 1 and redis.call('ZSCORE', KEYS[1], execution)
  if due and tonumber(due) > tonumber(ARGV[5]) then return version end
end

-- Most batches have nothing but attempts that are over, each once, and had no slot: those take a call for all instead of six for each.
local function all_at_once()
  local attempts, jobs, executions, known = {}, {}, {}, {}
  for i = 6, #ARGV, 8 do
    if ARGV[i] == '' or ARGV[i + 1] ~= '' or known[ARGV[i]] then return nil end
    known[ARGV[i]] = true
    attempts[#attempts + 1] = ARGV[i]
    jobs[#jobs + 1] = ARGV[i + 5]
    executions[#executions + 1] = string.match(ARGV[i], '^(.*)#') or ''
  end
  local slots = redis.call('HMGET', KEYS[7], unpack(jobs))
  local entries = redis.call('HMGET', KEYS[2], unpack(executions))
  local scores = redis.call('ZMSCORE', KEYS[6], unpack(attempts))
  local landed, answer = {}, {}
  for n, attempt in ipairs(attempts) do
    local i = 8 * n - 2
    if jobs[n] ~= '' and slots[n] == ARGV[i + 6] then return nil end
    if ARGV[i + 7] == '1' and next_version(attempt, executions[n], entries[n]) then return nil end
    landed[2 * n - 1], answer[n] = landing(scores[n], '', ARGV[i + 7])
    landed[2 * n] = attempt
  end
  redis.call('ZREM', KEYS[4], unpack(attempts))
  redis.call('HDEL', KEYS[5], unpack(attempts))
  redis.call('ZADD', KEYS[6], unpack(landed))
  return answer
end

local done = #ARGV > 5 and all_at_once()
if done then return done end
local answer, added, earliest = {}, 0, nil
local head = redis.call('ZRANGEBYSCORE', KEYS[1], '0', '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
local function put(key, value, due)
  redis.call('HSET', KEYS[2], key, value)
  added = added + redis.call('ZADD', KEYS[1], due, key)
  if not earliest or tonumber(due) < earliest then earliest = tonumber(due) end
end
for i = 6, #ARGV, 8 do
  local attempt, key, job = ARGV[i], ARGV[i + 1], ARGV[i + 5]
  local landed, live = landing(attempt ~= '' and redis.call('ZSCORE', KEYS[6], attempt), key, ARGV[i + 7])
  if attempt ~= '' then
    redis.call('ZREM', KEYS[4], attempt)
    redis.call('HDEL', KEYS[5], attempt)
    redis.call('ZADD', KEYS[6], landed, attempt)
  end
  if key ~= '' then
    local stored = redis.call('ZSCORE', KEYS[1], key) and redis.call('HGET', KEYS[2], key)
    if not stored or tonumber(string.match(stored, '^%d+')) < tonumber(ARGV[i + 2]) then
      if live == 1 then put(key, ARGV[i + 2] .. '|' .. ARGV[i + 4], ARGV[i + 3]) end
    elseif string.sub(stored, -1) == '|' then
      redis.call('ZADD', KEYS[1], 'GT', ARGV[4], key)
      live = redis.call('ZSCORE', KEYS[4], key .. '#' .. ARGV[i + 2]) and 1 or 0
    else
      live = 1
    end
  end
  local execution = string.match(attempt, '^(.*)#') or ARGV[i + 6]
  local own = attempt ~= '' and redis.call('HGET', KEYS[2], execution)
  local next_one = ARGV[i + 7] == '1' and next_version(attempt, execution, own)
  if next_one then
    own = next_one .. '|'
    redis.call('HSET', KEYS[2], execution, own)
    redis.call('ZADD', KEYS[1], ARGV[4], execution)
    live = 2
  end
  answer[#answer + 1] = live
  local number = own and string.match(own, '^%d+')
  local followed = own and tonumber(number) > tonumber(string.match(attempt, '%d+$')) and (string.sub(own, -1) ~= '|' or redis.call('ZSCORE', KEYS[4], execution .. '#' .. number))
  if job ~= '' and not followed and redis.call('HGET', KEYS[7], job) == execution then
    redis.call('HDEL', KEYS[7], job)
    local waits = redis.call('HGET', KEYS[8], job)
    if waits then
      redis.call('HDEL', KEYS[8], job)
      local waiting, value = string.match(waits, '^([^\n]*)\n(.*)$')
      put(waiting, value, ARGV[3])
    end
  end
end
if added ~= 0 then redis.call('HINCRBY', KEYS[3], 'entries', added) end
if earliest and (not head or earliest < tonumber(head)) then
  redis.call('PUBLISH', ARGV[1], ARGV[2])
end
return answer
