-- A: issue or empty, state or -1, pull or -1, watched, now, below (bytes of a number, empty: the newest), limit.
-- Body: total, {fix, job} each. Fixes are few: people ask for them.
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
if A[1] ~= '' and call('HEXISTS', K.km, A[1]) == 0 then return fail('NOT_FOUND', 'no such issue') end
local total, out, high = 0, {}, '+'
while true do
    local page = call('ZREVRANGEBYLEX', K.zi, high, '-', 'LIMIT', 0, 500)
    if #page == 0 then break end
    local ids = {}
    for i, m in ipairs(page) do ids[i] = string.sub(m, 7) end
    local fixes, jobs = many(K.z, ids), many(K.j, ids)
    for i, m in ipairs(page) do
        local z, state = unpk(fixes[i]), unpk(jobs[i])[6]
        local watched = z[4] ~= 0 and state >= 2 and (z[4] == 1 or z[5] > A[5])
        if (A[1] == '' or z[6] == A[1]) and (A[2] < 0 or state == A[2]) and (A[3] < 0 or z[4] == A[3])
            and (A[4] == 0 or watched) then
            total = total + 1
            if #out <= A[7] and (A[6] == '' or string.sub(m, 1, 6) < A[6]) then out[#out + 1] = {fixes[i], jobs[i]} end
        end
    end
    high = '(' .. page[#page]
end
return pack({total, out})
