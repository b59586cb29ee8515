-- A: hash, login, project or empty, key or empty, scopes, created, expires. Expired ones leave when new ones come.
if A[3] ~= '' and call('HEXISTS', K.pi, A[3]) == 0 then return fail('NOT_FOUND', NO_PROJECT) end
if call('HEXISTS', K.ss, A[1]) == 1 then return fail('CONFLICT', 'something like this is stored already') end
for _, h in ipairs(call('ZRANGEBYSCORE', K.se, '-inf', A[6], 'LIMIT', 0, 100)) do
    call('HDEL', K.ss, h)
    call('ZREM', K.se, h)
end
call('HSET', K.ss, A[1], pack(A))
call('ZADD', K.se, A[7], A[1])
call('INCR', K.token)
return pack({1})
