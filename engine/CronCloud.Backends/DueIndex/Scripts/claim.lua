-- Claims the slots of jobs whose executions must not overlap. Claiming again for the same execution is no conflict.
-- KEYS    1 due (sorted set: entry -> due ms, of left-overs less 1e13)  2 entry (hash: entry -> version[,until ms]|payload)
--         3 slot (hash: job -> execution that has it)  4 waiting (hash: job -> entry key \n version|payload)
--         5 landed (sorted set: attempt whose outcome was settled -> ms)
-- ARGV    per claim: job, execution, key of the entry that was seen or '', its version, its score, the attempt or ''
-- Returns per claim 0 when the execution has the slot, 1 when another has it, 2 when another has it and yet another waits, 3 when the entry has moved on,
-- 4 when the attempt has landed.
local answer = {}
for i = 1, #ARGV, 6 do
  local job, execution, key = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local holder = redis.call('HGET', KEYS[3], job)
  local state = 0
  if key ~= '' and (tonumber(redis.call('ZSCORE', KEYS[1], key) or nil) ~= tonumber(ARGV[i + 4]) or string.match(redis.call('HGET', KEYS[2], key) or '', '^%d+') ~= ARGV[i + 3]) then
    state = 3
  elseif ARGV[i + 5] ~= '' and redis.call('ZSCORE', KEYS[5], ARGV[i + 5]) then
    state = 4
  elseif not holder then
    redis.call('HSET', KEYS[3], job, execution)
  elseif holder ~= execution then
    local waits = redis.call('HGET', KEYS[4], job)
    state = waits and string.match(waits, '^[^\n]*') ~= execution and 2 or 1
  end
  answer[#answer + 1] = state
end
return answer
