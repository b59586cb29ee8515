-- A: reports as {number (where T is: none), time, id, source, sender's id, row, status, received, request, job id}; then job number,
-- most attempts, key and project of the group job. Body: {0 new or 1 duplicate, number, id} each.
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local out, fresh, new, had = {}, {}, {}, {}
if T then -- the numbers are made here; a gap does no harm
    local last = call('INCRBY', K.seq, #A[1])
    for i, r in ipairs(A[1]) do r[1] = struct.pack('>I5', last - #A[1] + i) end
end
for i, r in ipairs(A[1]) do
    local key = string.char(r[4]) .. r[5]
    local first = fresh[key] or call('HGET', K.x, key)
    if first then
        out[i] = {1, first, had[first] or facts_of(call('HGET', K.m, first)).id}
    else
        if call('HEXISTS', K.fi, r[3]) == 1 then return fail('CONFLICT', 'a report with this id is stored already') end
        fresh[key], had[r[1]] = r[1], r[3]
        new[#new + 1] = r
        out[i] = {0, r[1], r[3]}
    end
end
if #new == 0 then return pack({{}, 0, out}) end
local by_source, first_ms, last_ms = {}, new[1][8], new[1][8]
for _, r in ipairs(new) do
    local no, time, source = r[1], r[2], r[4]
    -- The row first: where a key may not grow (Upstash bounds them), a number without a row is worse than a row without one.
    call('HSET', K.f, no, r[6])
    call('HSET', K.m, no, facts_as({state = 0, source = source, placed = 0, model = 0, time = time, issue = NONE,
        version = 0, id = r[3], status = r[7]}))
    call('HSET', K.x, string.char(source) .. r[5], no)
    call('HSET', K.fi, r[3], no)
    call('ZADD', K.fa, 0, time .. no)
    call('ZADD', K.fs .. ':' .. source, 0, time .. no)
    if r[7] ~= '' then call('ZADD', K.ft .. ':' .. r[7], 0, time .. no) end
    call('ZADD', K.fp, 0, no)
    call('ZADD', K.fo, 0, time .. no)
    by_source[source] = (by_source[source] or 0) + 1
    first_ms, last_ms = math.min(first_ms, r[8]), math.max(last_ms, r[8])
end
-- How many there were before the first report of a minute, and of a source's hour.
local function note(key, slot, most, before)
    call('ZADD', key, slot, string.format('%.0f:%.0f', slot, before))
    call('ZREMRANGEBYSCORE', key, '-inf', slot - most)
end
local had_last, had_first = number('last'), number('first')
if math.floor(last_ms / 60000) > math.floor(had_last / 60000) then
    note(K.ar, math.floor(last_ms / 60000), 1500, number('all'))
end
if had_first == 0 or first_ms < had_first then call('HSET', K.t, 'first', first_ms) end
if last_ms > had_last then call('HSET', K.t, 'last', last_ms) end
for source, n in pairs(by_source) do
    local before = number('l' .. source)
    if math.floor(last_ms / 3600000) > math.floor(before / 3600000) then
        note(K.ar .. ':' .. source, math.floor(last_ms / 3600000), 30, number('s' .. source))
    end
    if last_ms > before then call('HSET', K.t, 'l' .. source, last_ms) end
    tally('s' .. source, n)
end
tally('all', #new)
tally('f0', #new)
local r = new[1]
ask({r[10], A[5], 'group', A[4], '{}', 0, 0, A[3], 0, '', 0, r[8], r[8], r[8], 0, '', r[9], 0, A[2]})
return pack({hints(), 0, out})
