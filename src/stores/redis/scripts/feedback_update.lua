-- A: id, row without what stays (title, url, status, stack, metadata, body), status, regroup, now, job id, job number,
-- most attempts, key, project, request
local no = call('HGET', K.fi, A[1])
if gone() or not no then return fail('NOT_FOUND', 'no such report') end
local f, row = facts_of(call('HGET', K.m, no)), unpk(call('HGET', K.f, no))
for i, v in ipairs(A[2]) do row[i] = v end
call('HSET', K.f, no, pack(row))
if f.status ~= A[3] then
    if f.status ~= '' then call('ZREM', K.ft .. ':' .. f.status, f.time .. no) end
    if A[3] ~= '' then call('ZADD', K.ft .. ':' .. A[3], 0, f.time .. no) end
    f.status = A[3]
end
if A[4] == 1 then
    set_state(no, f, 0)
    call('HINCRBY', K.p, 'version', 1) -- a pass that read the old text must not end as if it had read the new one
    ask({A[6], A[10], 'group', A[9], '{}', 0, 0, A[8], 0, '', 0, A[5], A[5], A[5], 0, '', A[11], 0, A[7]})
end
call('HSET', K.m, no, facts_as(f))
return pack({hints(), 0})
