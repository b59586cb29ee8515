-- A: kinds, now, absurd. Body: projects that may have such a job, the longest due first.
local found, seen, out = {}, {}, {}
local function add(list)
    for i = 1, #list, 2 do found[#found + 1] = {list[i], tonumber(list[i + 1])} end
end
for _, kind in ipairs(A[1]) do
    add(call('ZRANGEBYSCORE', K.jh .. ':' .. kind, '-inf', A[2], 'WITHSCORES', 'LIMIT', 0, 16))
    add(call('ZRANGEBYSCORE', K.jm .. ':' .. kind, '(' .. string.format('%.0f', A[3]), '+inf', 'WITHSCORES', 'LIMIT', 0, 16))
end
table.sort(found, function(a, b) return a[2] < b[2] end)
for _, f in ipairs(found) do
    if not seen[f[1]] then
        seen[f[1]] = true
        out[#out + 1] = f[1]
    end
end
return pack({out})
