if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local x = call('HGET', K.j, A[1])
if not x then return fail('NOT_FOUND', 'no such job') end
return pack({x})
