-- A: rows, each id, project or empty, row. One that is there already stays as it is. Body: how many were not.
for _, r in ipairs(A[1]) do
    if r[2] ~= '' and call('HEXISTS', K.pi, r[2]) == 0 then return fail('NOT_FOUND', NO_PROJECT) end
end
local n = 0
for _, r in ipairs(A[1]) do
    if call('HEXISTS', K.ai, r[1]) == 0 then
        local no = call('HINCRBY', K.p, 'audits', 1)
        call('HSET', K.ai, r[1], no)
        call('HSET', K.al, no, pack({no, r[1], r[2], r[3]}))
        call('ZADD', K.ap .. ':' .. r[2], no, no)
        n = n + 1
    end
end
call('INCR', K.token)
return pack({n})
