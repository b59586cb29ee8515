if gone() then return fail('NOT_FOUND', NO_PROJECT) end
return pack({call('HVALS', K.q)})
