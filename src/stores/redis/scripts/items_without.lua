-- A: model, numbers above, limit, most to look at. Body: where to go on (empty: the end), {number, version} each.
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local model, above, looked, out = model_number(A[1], false), A[2], 0, {}
while #out < A[3] and looked < A[4] do
    local nos = call('ZRANGEBYLEX', K.is, '(' .. above, '+', 'LIMIT', 0, 500)
    if #nos == 0 then
        above = ''
        break
    end
    local facts = many(K.m, nos)
    local side = model > 0 and many(K.w .. ':' .. model, nos) or {}
    for i, no in ipairs(nos) do
        if #out == A[3] then break end
        local f = facts_of(facts[i])
        if f.issue ~= NONE and (model == 0 or f.model ~= model) and not side[i] then out[#out + 1] = {no, f.version} end
        above, looked = no, looked + 1
    end
end
return pack({above, out})
