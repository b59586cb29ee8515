-- What follows a write in a project. A: project, hints, number of its first event or 0, the events.
-- Body: -1, or the number of the last event told when the ones given leave a gap.
local project, first, last = A[1], A[3], 0
call('INCR', K.token)
for _, id in ipairs(A[2][2] or {}) do call('HSET', K.jp, id, project) end
for _, id in ipairs(A[2][3] or {}) do call('HDEL', K.jp, id) end
for _, h in ipairs(A[2][1] or {}) do
    local field = project .. ':' .. h[1]
    if h[2] > tonumber(call('HGET', K.jg, field) or 0) then
        call('HSET', K.jg, field, h[2])
        if h[3] < 0 then
            call('ZREM', K.jh .. ':' .. h[1], project)
            call('ZREM', K.jm .. ':' .. h[1], project)
        else
            call('ZADD', K.jh .. ':' .. h[1], h[3], project)
            call('ZADD', K.jm .. ':' .. h[1], h[4], project)
        end
    end
end
if first == 0 then return pack({-1}) end
last = tonumber(call('HGET', K.ev, project) or 0)
if first > last + 1 then return pack({last}) end
for i, e in ipairs(A[4]) do
    if first + i - 1 > last then
        local id = call('INCR', K.en)
        call('XADD', K.e, id .. '-0', 'p', project, 'k', e[1], 'd', e[2], 'a', e[3])
        call('ZADD', K.ep .. ':' .. project, id, id)
        last = first + i - 1
    end
end
call('HSET', K.ev, project, last)
return pack({-1})
