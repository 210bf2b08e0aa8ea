-- Says that a partition is built, if the build is the one that was begun last.
-- KEYS    1 epoch (a build's id while it is under way, then 'built')
-- ARGV    1 build
-- Returns 1 when it is, else 0.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], 'built')
return 1
