-- A: issue or none, 1 when only what waits fits, status, source or -1, state or -1, unclustered, low, high, limit, how
-- many may be looked at, whether to count, low and high of the count. Body: total, where to go on (empty: it is
-- the end or the page is full), {facts, number, row} each.
local issue, status, source, state, unclustered = A[1], A[3], A[4], A[5], A[6] == 1
local low, high, limit, most = A[7], A[8], A[9], A[10]
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
if issue ~= '' and call('HEXISTS', K.km, issue) == 0 then return fail('NOT_FOUND', 'no such issue') end
-- The shortest list that holds all that can fit, and how many of the filters it leaves to look at.
local filters, base, least = 0, K.fa, call('ZCARD', K.fa)
local function try(key)
    local n = call('ZCARD', key)
    filters = filters + 1
    if n <= least then base, least = key, n end
end
if issue ~= '' then try(K.c .. ':' .. issue) end
if source >= 0 then try(K.fs .. ':' .. source) end
if status ~= '' then try(K.ft .. ':' .. status) end
if A[2] == 1 then try(K.fo) end
local inexact = state >= 0 or unclustered
local function fits(f)
    return (issue == '' or f.issue == issue) and (source < 0 or f.source == source)
        and (status == '' or f.status == status) and (state < 0 or f.state == state)
        and (not unclustered or f.issue == NONE)
end
local function numbers(list)
    local nos = {}
    for i, m in ipairs(list) do nos[i] = string.sub(m, 8) end
    return nos
end
local function count()
    local timed = A[12] ~= '-' or A[13] ~= '+'
    if not timed and filters == 1 and issue == '' and A[2] == 1 and not (state >= 0 and unclustered) then
        if unclustered then return tonumber(number('all')) - number('in') end
        return number('f' .. state)
    end
    if not timed and filters == 0 and state >= 0 then return number('f' .. state) end
    local n = call('ZLEXCOUNT', base, A[12], A[13])
    if not inexact and filters <= 1 then return n end
    if n > most then return -1 end
    local hits = 0
    for _, x in ipairs(many(K.m, numbers(call('ZRANGEBYLEX', base, A[12], A[13])))) do
        if fits(facts_of(x)) then hits = hits + 1 end
    end
    return hits
end
local total, out, looked, rest = A[11] == 1 and count() or -1, {}, 0, ''
while #out < limit do
    local page = call('ZREVRANGEBYLEX', base, high, low, 'LIMIT', 0, math.max(limit, 64))
    if #page == 0 then break end
    local nos, chosen = numbers(page), {}
    for i, x in ipairs(many(K.m, nos)) do
        if #out + #chosen < limit and fits(facts_of(x)) then chosen[#chosen + 1] = {x, nos[i]} end
    end
    local wanted = {}
    for i, c in ipairs(chosen) do wanted[i] = c[2] end
    for i, row in ipairs(many(K.f, wanted)) do out[#out + 1] = {chosen[i][1], wanted[i], row} end
    high, looked = '(' .. page[#page], looked + #page
    if looked >= most and #out < limit then
        rest = high
        break
    end
end
return pack({total, rest, out})
