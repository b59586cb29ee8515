if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local x = call('HGET', K.m, A[1])
if not x or string.byte(x) == 9 then return fail('NOT_FOUND', 'no such report') end
return pack({call('HGET', K.d, A[1]) or ''})
