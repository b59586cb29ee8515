-- A: name, value, now, 1 to swap only, what it must be
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
if A[4] == 1 then
    local x = call('HGET', K.s, A[1])
    if (x and unpk(x)[1] or '') ~= A[5] then return fail('CONFLICT', 'the setting was changed meanwhile') end
end
if A[2] == '' then
    call('HDEL', K.s, A[1])
    call('ZREM', K.sn, A[1])
else
    call('HSET', K.s, A[1], pack({A[2], A[3]}))
    call('ZADD', K.sn, 0, A[1])
end
return pack({{}, 0})
