-- Which run of the server this is: another one after every restart and failover.
-- KEYS    1 any key of the partition (unused)
-- Returns the server's run id.
return string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
