-- A: ids. Body: {facts, row} each, or an empty array.
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local out, facts, rows = {}, many(K.km, A[1]), many(K.k, A[1])
for i = 1, #A[1] do out[i] = facts[i] and {facts[i], rows[i]} or {} end
return pack({out})
