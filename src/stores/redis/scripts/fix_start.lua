-- A: the job, the fix. Body: id of the open one, 1 when it is this.
local j, z = A[1], A[2]
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
if z[6] == '' or call('HEXISTS', K.km, z[6]) == 0 then return fail('NOT_FOUND', 'no such issue') end
local open = j[4] ~= '' and call('HGET', K.ju, j[4])
if open then return pack({{}, 0, open, 0}) end
if call('HEXISTS', K.j, j[1]) == 1 then return fail('CONFLICT', 'a job with this id is stored already') end
add_fix(j, z)
return pack({hints(), 0, j[1], 1})
