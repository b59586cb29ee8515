if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local x = call('HGET', K.s, A[1])
return pack({x and unpk(x)[1] or ''})
