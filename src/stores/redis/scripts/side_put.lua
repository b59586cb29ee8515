-- A: job or empty, fence, model, {number, version, representation} each, done, total, events. Body: how many were stored.
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
if A[1] ~= '' and not holds(A[1], A[2]) then return fail('FENCED', FENCED) end
local model, n = model_number(A[3], true), 0
call('SADD', K.ws, model)
for _, it in ipairs(A[4]) do
    local x = call('HGET', K.m, it[1])
    local f = x and facts_of(x)
    if f and f.placed == 1 and f.version == it[2] and f.model ~= model then
        local side = K.w .. ':' .. model
        if call('HGET', side, it[1]) ~= it[3] then
            call('HSET', side, it[1], it[3])
            n = n + 1
        end
    end
end
if A[1] ~= '' then call('HSET', K.p, 'target', A[3], 'done', A[5], 'total', A[6]) end
return pack({{}, outbox(A[7]), n})
