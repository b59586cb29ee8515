-- A: before, limit. Body: how many went.
local n = 0
for _, m in ipairs(call('ZRANGEBYSCORE', K.je, '-inf', '(' .. string.format('%.0f', A[1]), 'LIMIT', 0, A[2])) do
    n = n + 1
    drop_job(job_of(string.sub(m, 7)))
end
return pack({hints(), 0, n})
