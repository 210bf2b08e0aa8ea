-- What tells one state of an entry from another.
-- KEYS    1 due (sorted set: entry -> due ms, of left-overs less 1e13)  2 entry (hash: entry -> version[,until ms]|payload)
-- ARGV    keys of entries
-- Returns per key: score or '' when there is none, version, 1 for a tombstone.
local answer = {}
for i = 1, #ARGV do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[i])
  local stored = redis.call('HGET', KEYS[2], ARGV[i])
  answer[#answer + 1] = score or ''
  answer[#answer + 1] = stored and string.match(stored, '^%d+') or '0'
  answer[#answer + 1] = (not stored or string.sub(stored, -1) == '|') and 1 or 0
end
return answer
