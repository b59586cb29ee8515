-- A: id, fence, until, now
if not holds(A[1], A[2]) then return fail('FENCED', FENCED) end
local j = job_of(A[1])
take_out(j)
j[11], j[14] = A[3], A[4]
put_in(j)
return pack({hints(), 0})
