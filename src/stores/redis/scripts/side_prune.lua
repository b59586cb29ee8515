-- A: model to keep, limit. Body: how many went.
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local active = model_number(call('HGET', K.p, 'model') or '', false)
local keep, n = model_number(A[1], false), 0
for _, m in ipairs(call('SMEMBERS', K.ws)) do
    if tonumber(m) ~= active and tonumber(m) ~= keep then
        for _, no in ipairs(call('HRANDFIELD', K.w .. ':' .. m, A[2] - n)) do
            n = n + call('HDEL', K.w .. ':' .. m, no)
        end
        if call('EXISTS', K.w .. ':' .. m) == 0 then call('SREM', K.ws, m) end
    end
end
return pack({{}, 0, n})
