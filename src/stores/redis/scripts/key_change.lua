-- A: project or empty, id, revoked at or 0, used at or 0
if A[1] ~= '' and call('HEXISTS', K.pi, A[1]) == 0 then return fail('NOT_FOUND', NO_PROJECT) end
local x = call('HGET', K.ak, A[2])
local k = x and unpk(x)
if not k or (A[1] ~= '' and k[2] ~= A[1]) then return fail('NOT_FOUND', 'no such key') end
if A[3] > 0 and k[7] == 0 then k[7] = A[3] end
k[5] = math.max(k[5], A[4])
call('HSET', K.ak, A[2], pack(k))
call('INCR', K.token)
return pack({1})
