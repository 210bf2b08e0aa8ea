-- Runs a script once for each of several partitions, one after the other. One that fails keeps no other.
-- KEYS    of each partition those of the script
-- ARGV    1 how many keys each partition has, then per partition: how many arguments it has, and they
-- Returns per partition 1 and what the script returns, or 0 and what went wrong.
local function one(KEYS, ARGV)
--BODY--
end

local function part(list, from, count)
  local some = {}
  for i = 1, count do some[i] = list[from + i - 1] end
  return some
end

local keys, at, answer = tonumber(ARGV[1]), 2, {}
for k = 1, #KEYS, keys do
  local count = tonumber(ARGV[at])
  local ok, result = pcall(one, part(KEYS, k, keys), part(ARGV, at + 1, count))
  answer[#answer + 1] = ok and 1 or 0
  answer[#answer + 1] = ok and result or type(result) == 'table' and result.err or tostring(result)
  at = at + 1 + count
end
return answer
