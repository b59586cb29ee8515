-- A: kind. Body: seven counts, then when the oldest pending one is due (0: none).
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local out, kinds = {0, 0, 0, 0, 0, 0, 0, 0}, {}
local all = call('HGETALL', K.jt)
for i = 1, #all, 2 do
    local s, k = string.match(all[i], '^(%d+):(.*)$')
    if A[1] == '' or k == A[1] then
        out[tonumber(s) + 1] = out[tonumber(s) + 1] + tonumber(all[i + 1])
        kinds[k] = true
    end
end
for k in pairs(kinds) do
    local first = call('ZRANGE', K.jr .. ':' .. k, 0, 0, 'WITHSCORES')
    local at = tonumber(first[2] or 0)
    if at > 0 and (out[8] == 0 or at < out[8]) then out[8] = at end
end
return pack(out)
