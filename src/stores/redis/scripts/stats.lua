-- A: now, sources. Body: counters by name, reports of the last 24 hours, and of each source.
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local out, all, recent = {}, call('HGETALL', K.t), {}
for i = 1, #all, 2 do out[#out + 1] = {all[i], tonumber(all[i + 1])} end
local function since(key, slot, total)
    local m = call('ZRANGEBYSCORE', key, slot, '+inf', 'LIMIT', 0, 1)[1]
    return m and math.max(total - tonumber(string.match(m, ':(.*)$')), 0) or 0
end
for source = 0, A[2] - 1 do
    recent[source + 1] = since(K.ar .. ':' .. source, math.floor((A[1] - 86400000) / 3600000), number('s' .. source))
end
return pack({out, since(K.ar, math.floor((A[1] - 86400000) / 60000), number('all')), recent})
