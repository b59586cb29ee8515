if gone() then return fail('NOT_FOUND', NO_PROJECT) end
if call('HEXISTS', K.j, A[1]) == 0 then return fail('NOT_FOUND', 'no such job') end
return pack({call('HGET', K.zp, A[1]) or ''})
