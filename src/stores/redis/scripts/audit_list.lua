-- A: project or empty, actor, action, target (empty: any), below (0: from the newest), limit. Body: rows, newest first.
if A[1] ~= '' and call('HEXISTS', K.pi, A[1]) == 0 then return fail('NOT_FOUND', NO_PROJECT) end
local out, top = {}, A[5] > 0 and A[5] - 1 or tonumber(call('HGET', K.p, 'audits') or 0)
while top > 0 and #out < A[6] do
    local page = {}
    if A[1] == '' then
        for no = top, math.max(top - 199, 1), -1 do page[#page + 1] = no end
    else
        page = call('ZREVRANGEBYSCORE', K.ap .. ':' .. A[1], top, 1, 'LIMIT', 0, 200)
    end
    if #page == 0 then break end
    for _, x in ipairs(many(K.al, page)) do
        if x and #out < A[6] then
            local row = unpk(unpk(x)[4])
            if (A[2] == '' or row[3] == A[2]) and (A[3] == '' or row[4] == A[3]) and (A[4] == '' or row[5] == A[4]) then
                out[#out + 1] = x
            end
        end
    end
    top = tonumber(page[#page]) - 1
end
return pack({out})
