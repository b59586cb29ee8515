-- A: before, limit
local n = 0
for _, e in ipairs(call('XRANGE', K.e, '-', '+', 'COUNT', A[2])) do
    if tonumber(e[2][8]) >= A[1] then break end
    call('XDEL', K.e, e[1])
    call('ZREM', K.ep .. ':' .. e[2][2], string.match(e[1], '^%d+'))
    n = n + 1
end
call('INCR', K.token)
return pack({n})
