-- Keys are few: people make them. A: project or empty.
if A[1] ~= '' and call('HEXISTS', K.pi, A[1]) == 0 then return fail('NOT_FOUND', NO_PROJECT) end
local rows, out = {}, {}
for _, x in ipairs(call('HVALS', K.ak)) do
    local k = unpk(x)
    if A[1] == '' or k[2] == A[1] then rows[#rows + 1] = {k[8], x} end
end
table.sort(rows, function(a, b) return a[1] < b[1] end)
for i, r in ipairs(rows) do out[i] = r[2] end
return pack({out})
