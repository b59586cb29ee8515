-- A: project or empty, after, limit. Body: {id, project, kind, data, at} each.
if A[1] ~= '' and call('HEXISTS', K.pi, A[1]) == 0 then return fail('NOT_FOUND', NO_PROJECT) end
local out = {}
local function add(entry)
    local v = entry[2]
    out[#out + 1] = {tonumber(string.match(entry[1], '^%d+')), v[2], v[4], v[6], tonumber(v[8])}
end
local after = string.format('%.0f', A[2])
if A[1] == '' then
    for _, e in ipairs(call('XRANGE', K.e, '(' .. after, '+', 'COUNT', A[3])) do add(e) end
else
    for _, id in ipairs(call('ZRANGEBYSCORE', K.ep .. ':' .. A[1], '(' .. after, '+inf', 'LIMIT', 0, A[3])) do
        add(call('XRANGE', K.e, id, id)[1])
    end
end
return pack({out})
