-- A: version. Body: {number, was in, is in} each.
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local nos, out = call('ZRANGEBYSCORE', K.iv, A[1], A[1]), {}
local facts, all = many(K.m, nos), many(K.d, nos)
for i, no in ipairs(nos) do
    local at, last = 1, nil
    while all[i] and at <= #all[i] do
        last = at + 4
        at = last + struct.unpack('>I4', all[i], at)
    end
    if last then
        local issue, from = string.sub(all[i], last + 1, last + 16), string.sub(all[i], last + 17, last + 32)
        if from ~= NONE and from ~= issue and issue == facts_of(facts[i]).issue then out[#out + 1] = {no, from, issue} end
    end
end
return pack({out})
