-- A: id, after, limit. Body: rows.
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
if call('HEXISTS', K.j, A[1]) == 0 then return fail('NOT_FOUND', 'no such job') end
return pack({call('LRANGE', K.zl .. ':' .. A[1], A[2], A[2] + A[3] - 1)})
