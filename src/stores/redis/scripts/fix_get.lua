-- A: id. Body: fix, job.
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local z = call('HGET', K.z, A[1])
if not z then return fail('NOT_FOUND', 'no such fix') end
return pack({z, call('HGET', K.j, A[1])})
