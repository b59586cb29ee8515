local j = job_of(A[1])
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
if not j then return fail('NOT_FOUND', 'no such job') end
if j[6] ~= 6 then return fail('CONFLICT', 'only a dead letter can be dropped') end
local z = fix_of(A[1])
drop_job(j)
if z then call('ZREM', K.zi .. ':' .. z[6], member(j)) end
call('HDEL', K.z, A[1])
call('HDEL', K.zp, A[1])
call('ZREM', K.zi, member(j))
call('DEL', K.zl .. ':' .. A[1])
return pack({hints(), 0})
