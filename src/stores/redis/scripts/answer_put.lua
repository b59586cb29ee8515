-- A: key, text, now, how many are kept
call('HSET', K.aa, A[1], A[2])
call('ZADD', K.at, A[3], A[1])
local over = call('ZCARD', K.at) - A[4]
if over > 0 then
    for _, key in ipairs(call('ZRANGE', K.at, 0, math.min(over, 1000) - 1)) do
        call('HDEL', K.aa, key)
        call('ZREM', K.at, key)
    end
end
call('INCR', K.token)
return pack({1})
