-- A: issue or empty, state or -1, pull or -1, watched, now, below (bytes of a number, empty: the newest), limit.
-- Body: total, {fix, job} each.
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
if A[1] ~= '' and call('HEXISTS', K.km, A[1]) == 0 then return fail('NOT_FOUND', 'no such issue') end
local total, out, most = 0, {}, A[7] + 1
local below = A[6] ~= '' and struct.unpack('>I6', A[6])
local function number(m) return (struct.unpack('>I6', m)) end -- Lua orders text by the server's locale
local function fits(z, j)
    local state = j[6]
    return (A[1] == '' or z[6] == A[1]) and (A[2] < 0 or state == A[2]) and (A[3] < 0 or z[4] == A[3])
        and (A[4] == 0 or z[4] ~= 0 and state >= 2 and (z[4] == 1 or z[5] > A[5]))
end
local function each(page, fn)
    local ids = {}
    for i, m in ipairs(page) do ids[i] = string.sub(m, 7) end
    local fixes, jobs = many(K.z, ids), many(K.j, ids)
    for i, m in ipairs(page) do
        if fixes[i] and jobs[i] then fn(m, fixes[i], jobs[i]) end
    end
end
local function look(m, fix, job)
    if not fits(unpk(fix), unpk(job)) then return end
    total = total + 1
    if #out < most and (not below or number(m) < below) then out[#out + 1] = {fix, job} end
end
local function walk(key)
    local high = '+'
    repeat
        local page = call('ZREVRANGEBYLEX', key, high, '-', 'LIMIT', 0, 500)
        each(page, look)
        high = page[500] and '(' .. page[500]
    until not high
end
local function newest_first(page)
    table.sort(page, function(a, b) return number(a) > number(b) end)
    return page
end
-- Lists that have nothing but what fits: what of them is on this page.
local function merge(keys)
    local page = {}
    for _, key in ipairs(keys) do
        total = total + call('ZCARD', key)
        for _, m in ipairs(call('ZREVRANGEBYLEX', key, below and '(' .. A[6] or '+', '-', 'LIMIT', 0, most)) do
            page[#page + 1] = m
        end
    end
    each({unpack(newest_first(page), 1, most)}, function(_, fix, job) out[#out + 1] = {fix, job} end)
end
if not lists_are_whole() then
    walk(K.zi)
elseif A[1] ~= '' then
    walk(K.zi .. ':' .. A[1])
elseif A[4] ~= 0 then
    each(newest_first(call('ZRANGEBYSCORE', K.z .. ':w', '(' .. string.format('%.0f', A[5]), '+inf')), look)
elseif A[2] < 0 and A[3] < 0 then
    merge({K.zi})
else
    merge(state_lists(A[2], A[3]))
end
return pack({total, out})
