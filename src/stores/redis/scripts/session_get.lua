-- A: hash, login, now, 1 to take it
local x = call('HGET', K.ss, A[1])
local s = x and unpk(x)
local ok = s and s[2] == A[2] and s[7] > A[3]
if ok and s[4] ~= '' then
    local k = call('HGET', K.ak, s[4])
    k = k and unpk(k)
    ok = k and k[7] == 0 and (k[6] == 0 or k[6] > A[3])
end
if not ok then return fail('NOT_FOUND', 'no such session, or it has expired') end
if A[4] == 1 then
    call('HDEL', K.ss, A[1])
    call('ZREM', K.se, A[1])
    call('INCR', K.token)
end
return pack({x})
