-- A: id, project or empty, hash, row, last used, expires, revoked
if A[2] ~= '' and call('HEXISTS', K.pi, A[2]) == 0 then return fail('NOT_FOUND', NO_PROJECT) end
if call('HEXISTS', K.ah, A[3]) == 1 or call('HEXISTS', K.ak, A[1]) == 1 then
    return fail('CONFLICT', 'something like this is stored already')
end
call('HSET', K.ah, A[3], A[1])
A[8] = call('HINCRBY', K.p, 'keys', 1)
call('HSET', K.ak, A[1], pack(A))
call('INCR', K.token)
return pack({1})
