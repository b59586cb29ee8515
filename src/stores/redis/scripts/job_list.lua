-- A: kind, state or -1, below (its bytes, empty: from the newest), limit. Body: total, rows.
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local kind, state, limit = A[1], A[2], A[4]
local base = state >= 0 and K.js .. ':' .. state or K.ja
local high, rows, total = A[3] == '' and '+' or '(' .. A[3], {}, 0
for _, field in ipairs(call('HKEYS', K.jt)) do
    local s, k = string.match(field, '^(%d+):(.*)$')
    if (state < 0 or tonumber(s) == state) and (kind == '' or k == kind) then
        total = total + tonumber(call('HGET', K.jt, field))
    end
end
while #rows <= limit do
    local page = call('ZREVRANGEBYLEX', base, high, '-', 'LIMIT', 0, 200)
    if #page == 0 then break end
    local ids = {}
    for i, m in ipairs(page) do ids[i] = string.sub(m, 7) end
    for _, x in ipairs(many(K.j, ids)) do
        if #rows <= limit and (kind == '' or unpk(x)[3] == kind) then rows[#rows + 1] = x end
    end
    high = '(' .. page[#page]
end
return pack({total, rows})
