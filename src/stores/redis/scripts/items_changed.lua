-- A: version, most. Body: version now, how many changed, and their numbers when they are few enough.
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local from = '(' .. string.format('%.0f', A[1])
local n = call('ZCOUNT', K.iv, from, '+inf')
return pack({tonumber(call('HGET', K.p, 'version')), n, n <= A[2] and call('ZRANGEBYSCORE', K.iv, from, '+inf') or {}})
