-- A: 'id', 'numbers' or 'pending'; then the id, the numbers, or the number that they are above and how many.
-- Body: {facts, number, row} each, or an empty array.
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local out, nos = {}, A[2]
if A[1] == 'id' then
    local no = call('HGET', K.fi, A[2])
    if not no then return fail('NOT_FOUND', 'no such report') end
    nos = {no}
elseif A[1] == 'pending' then
    nos = call('ZRANGEBYLEX', K.fp, '(' .. A[2], '+', 'LIMIT', 0, A[3])
end
local facts, rows = many(K.m, nos), many(K.f, nos)
for i, no in ipairs(nos) do out[i] = rows[i] and {facts[i], no, rows[i]} or {} end
return pack({out})
