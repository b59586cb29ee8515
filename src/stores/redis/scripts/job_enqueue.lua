if gone() then return fail('NOT_FOUND', NO_PROJECT) end
if call('HEXISTS', K.j, A[1]) == 1 then return fail('CONFLICT', 'a job with this id is stored already') end
local id = ask(A)
return pack({hints(), 0, id})
