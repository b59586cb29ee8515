-- A: id, fence or 0, version, {step, reason, pull, watched until, started at}, the rest, 1 when there is a patch, the
-- patch, now, events
if A[2] ~= 0 and not holds(A[1], A[2]) then return fail('FENCED', FENCED) end
local z, j, v = fix_of(A[1]), job_of(A[1]), A[4]
if not z then return fail('NOT_FOUND', 'no such fix') end
if z[1] ~= A[3] then return fail('CONFLICT', 'the fix has changed since this version') end
unlist(j)
z[1], z[2], z[3], z[4], z[5], z[8], z[10] = z[1] + 1, v[1], v[2], v[3], v[4], v[5], A[5]
put_fix(A[1], z)
if A[6] == 1 then call('HSET', K.zp, A[1], A[7]) end
j[14] = A[8]
call('HSET', K.j, A[1], pack(j))
list(j)
return pack({{}, outbox(A[9])})
