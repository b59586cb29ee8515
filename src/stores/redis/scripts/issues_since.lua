-- A: version. Body: {id, facts, row} each, by version.
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local ids, out = {}, {}
for i, m in ipairs(call('ZRANGEBYSCORE', K.kv, '(' .. string.format('%.0f', A[1]), '+inf')) do ids[i] = string.sub(m, 6) end
local facts, rows = many(K.km, ids), many(K.k, ids)
for i, id in ipairs(ids) do out[i] = {id, facts[i], string.sub(rows[i], 1, 64)} end
return pack({out})
