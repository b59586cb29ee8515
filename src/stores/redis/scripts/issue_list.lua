-- A: list (recent, size, created, due), low, high, limit, statuses, source or -1, least count, seen from, seen until (keys),
-- most to look at, count, whether the whole rows. Body: total, where to go on, {key, facts, id, row} each.
local keys = {recent = K.kr, size = K.ks, created = K.kc, due = K.kd}
local base, low, high, limit, most = keys[A[1]], A[2], A[3], A[4], A[10]
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local function has(bits, i) return math.floor(bits / 2 ^ i) % 2 == 1 end
local function fits(k)
    return (A[5] == 0 or has(A[5], k[3])) and (A[6] < 0 or has(k[9], A[6])) and k[8] >= A[7]
        and (A[8] == '' or k[5] >= A[8]) and (A[9] == '' or k[5] < A[9])
end
local function facts(page)
    local ids = {}
    for i, m in ipairs(page) do ids[i] = string.sub(m, 13) end
    return ids, many(K.km, ids)
end
local function count()
    if A[6] < 0 and A[7] <= 0 and A[8] == '' and A[9] == '' then
        local n = 0
        for status = 0, 31 do
            if A[5] == 0 or has(A[5], status) then n = n + number('k' .. status) end
        end
        return n
    end
    local from, to = A[8] == '' and '-' or '[' .. A[8], A[9] == '' and '+' or '(' .. A[9]
    if call('ZLEXCOUNT', K.kr, from, to) > most then return -1 end
    local n = 0
    local _, list = facts(call('ZRANGEBYLEX', K.kr, from, to))
    for _, x in ipairs(list) do
        if fits(unpk(x)) then n = n + 1 end
    end
    return n
end
local total, out, looked, rest = A[11] == 1 and count() or -1, {}, 0, ''
while #out < limit do
    local page = call('ZREVRANGEBYLEX', base, high, low, 'LIMIT', 0, math.max(limit - #out, 64))
    if #page == 0 then break end
    local ids, list = facts(page)
    for i, x in ipairs(list) do
        if #out < limit and (A[1] == 'due' or fits(unpk(x))) then
            out[#out + 1] = {string.sub(page[i], 1, 12), x, ids[i], A[12] == 1 and call('HGET', K.k, ids[i]) or ''}
        end
    end
    high, looked = '(' .. page[#page], looked + #page
    if looked >= most and #out < limit then
        rest = high
        break
    end
end
return pack({total, rest, out})
