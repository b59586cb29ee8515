-- A: issue, version, row
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
if A[1] == '' or call('HEXISTS', K.km, A[1]) == 0 then return fail('NOT_FOUND', 'no such issue') end
if A[2] ~= call('LLEN', K.y .. ':' .. A[1]) + 1 then return fail('CONFLICT', 'the plan has a newer version') end
call('RPUSH', K.y .. ':' .. A[1], A[3])
return pack({{}, 0})
