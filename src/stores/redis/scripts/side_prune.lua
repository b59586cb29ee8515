-- A: model to keep, limit. Body: how many went.
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local active = model_number(call('HGET', K.p, 'model') or '', false)
local keep, n = model_number(A[1], false), 0
for _, m in ipairs(call('SMEMBERS', K.ws)) do
    if tonumber(m) ~= active and tonumber(m) ~= keep then
        local found = call('HSCAN', K.w .. ':' .. m, 0, 'COUNT', A[2])[2]
        for i = 1, #found, 2 do
            if n < A[2] then n = n + call('HDEL', K.w .. ':' .. m, found[i]) end
        end
        if call('EXISTS', K.w .. ':' .. m) == 0 then call('SREM', K.ws, m) end
    end
end
return pack({{}, 0, n})
