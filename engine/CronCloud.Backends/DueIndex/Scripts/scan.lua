-- What is due by an instant, and the state that the partition is in.
-- KEYS    1 due (sorted set: entry -> due ms, of left-overs less 1e13)  2 entry (hash: entry -> version[,until ms]|payload)
--         3 epoch (hash: state = 'built' or a build's id, server = incarnation at the build, entries = how many, reached = ms)
-- ARGV    1 now ms  2 limit  3 overdue at or before ms  4 limit of left-overs  5 how far the asker has come, ms
-- Returns 1 when the partition was built and has as many entries as it should, incarnation, reached before, oldest due ms, next due ms,
--         1 when more is due, 1 when more is left over, how many left-overs follow, then per entry: key, score, version[,until]|payload.
local LANE = 10000000000000
local limit, left_limit = tonumber(ARGV[2]), tonumber(ARGV[4])
local left = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(0', 'WITHSCORES', 'LIMIT', 0, left_limit + 1)
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[3], ARGV[1], 'WITHSCORES', 'LIMIT', 0, limit + 1)
local room = math.max(limit - #found / 2, math.floor(limit / 4), 1)
local overdue = redis.call('ZRANGEBYSCORE', KEYS[1], '0', ARGV[3], 'WITHSCORES', 'LIMIT', 0, room + 1)
local epoch = redis.call('HMGET', KEYS[3], 'state', 'server', 'entries', 'reached')
local count = redis.call('ZCARD', KEYS[1])
local built = epoch[1] == 'built' and count == tonumber(epoch[3]) and count == redis.call('HLEN', KEYS[2])
if tonumber(ARGV[5]) > tonumber(epoch[4] or 0) then redis.call('HSET', KEYS[3], 'reached', ARGV[5]) end
local oldest = overdue[2] or found[2] or redis.call('ZRANGEBYSCORE', KEYS[1], '0', '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
local oldest_left = left[2]
if oldest_left and (not oldest or tonumber(oldest_left) + LANE < tonumber(oldest)) then oldest = string.format('%d', tonumber(oldest_left) + LANE) end
local next_due = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
local full = #found / 2 > limit or #overdue / 2 > room
local answer = { built and 1 or 0, epoch[2] or '', epoch[4] or '', oldest or '', next_due or '', full and 1 or 0, #left / 2 > left_limit and 1 or 0, math.min(#left / 2, left_limit) }
local function add(lane, most)
  local keys = {}
  for i = 1, math.min(#lane, 2 * most), 2 do keys[#keys + 1] = lane[i] end
  local stored = #keys > 0 and redis.call('HMGET', KEYS[2], unpack(keys))
  for i, key in ipairs(keys) do
    answer[#answer + 1] = key
    answer[#answer + 1] = lane[2 * i]
    answer[#answer + 1] = stored[i] or ''
  end
end
add(left, left_limit)
add(found, limit)
add(overdue, room)
return answer
