-- Says that a partition is built, if the build is the one that was begun last, and the server the one that it was begun on: one that was started anew may know of the build, and not of all that was armed.
-- KEYS    1 epoch (hash: state = a build's id while it is under way, then 'built')  2 due (sorted set: entry -> due ms, of left-overs less 1e13)
-- ARGV    1 build  2 incarnation of the server that it was built on
-- Returns 1 when it is, else 0.
if redis.call('HGET', KEYS[1], 'state') ~= ARGV[1] or string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'state', 'built', 'server', ARGV[2], 'entries', redis.call('ZCARD', KEYS[2]))
return 1
