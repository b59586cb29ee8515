-- A: id, the state that follows from each (-1: does not fit), step, now
local z, j = fix_of(A[1]), job_of(A[1])
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
if not z then return fail('NOT_FOUND', 'no such fix') end
local to = A[2][j[6] + 1]
if to < 0 then return fail('CONFLICT', 'the fix is in a state that this does not fit') end
if j[4] ~= '' and call('HEXISTS', K.ju, j[4]) == 1 then return fail('CONFLICT', 'another job does the same already') end
change(j, to, 0, math.max(A[4], 1), '', A[4])
z[1], z[2], z[3], z[8] = z[1] + 1, A[3], 0, 0
put_fix(A[1], z)
return pack({hints(), 0})
