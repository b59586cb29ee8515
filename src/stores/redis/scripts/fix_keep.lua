-- A: the job, the fix, 1 when there is a patch, the patch.
local j, z = A[1], A[2]
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
if call('HEXISTS', K.km, z[6]) == 0 then return fail('NOT_FOUND', 'no such issue') end
if call('HEXISTS', K.j, j[1]) == 1 then return fail('CONFLICT', 'a job with this id is stored already') end
add_fix(j, z)
if A[3] == 1 then call('HSET', K.zp, j[1], A[4]) end
return pack({hints(), 0})
