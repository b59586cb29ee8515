if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local out = {}
for i, m in ipairs(call('ZRANGE', K.qo, 0, A[1] - 1)) do out[i] = call('HGET', K.q, string.sub(m, 6)) end
return pack({out})
