-- Claims the slots of jobs whose executions must not overlap. Claiming again for the same execution is no conflict.
-- KEYS    1 slot (hash: job -> execution that has it)  2 waiting (hash: job -> entry key \n version|payload)
-- ARGV    per claim: job, execution
-- Returns per claim 0 when the execution has the slot, 1 when another has it, 2 when another has it and yet another waits.
local answer = {}
for i = 1, #ARGV, 2 do
  local holder = redis.call('HGET', KEYS[1], ARGV[i])
  local state = 0
  if not holder then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  elseif holder ~= ARGV[i + 1] then
    local waits = redis.call('HGET', KEYS[2], ARGV[i])
    state = waits and string.match(waits, '^[^\n]*') ~= ARGV[i + 1] and 2 or 1
  end
  answer[#answer + 1] = state
end
return answer
