-- A: issue, version or 0 for the newest. Body: version, row.
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
if A[1] == '' or call('HEXISTS', K.km, A[1]) == 0 then return fail('NOT_FOUND', 'no such issue') end
local key = K.y .. ':' .. A[1]
local version = A[2] > 0 and A[2] or call('LLEN', key)
local row = version > 0 and call('LINDEX', key, version - 1)
if not row then return fail('NOT_FOUND', 'the issue has no such plan') end
return pack({version, row})
