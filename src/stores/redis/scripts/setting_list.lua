if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local out = {}
for _, name in ipairs(call('ZRANGEBYLEX', K.sn, '[' .. A[1], '(' .. A[1] .. '\255')) do
    local v = unpk(call('HGET', K.s, name))
    out[#out + 1] = {name, v[1], v[2]}
end
return pack({out})
