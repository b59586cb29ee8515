-- One step of grouping. A: 1 version expected, 2 job or empty, 3 fence, 4 model, 5 activate, 6 now, 7 issues as {id,
-- row, status, alive, last seen, count and created as keys, count, sources, due, trend}, 8 placements {number, issue, representation},
-- 9 removed, 10 decisions {number, issue, from, bytes}, 11 action to undo, 12 corrections {id, action, kind, number, issue,
-- other, actor, at}, 13 suggestions {issue, issue, probability, at}, 14 events, 15 unique key of a job that is not to be
-- open, or empty. First everything is looked at, then written.
local now, F, fresh, left = A[6], {}, {}, {}
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
if A[2] ~= '' and not holds(A[2], A[3]) then return fail('FENCED', FENCED) end
if tonumber(call('HGET', K.p, 'version')) ~= A[1] then
    return fail('CONFLICT', 'grouping has changed since: look again')
end
if A[15] ~= '' and call('HEXISTS', K.ju, A[15]) == 1 then return fail('CONFLICT', 'a job of it has begun') end
local function report(no)
    if no == '' or F[no] then return true end
    local x = call('HGET', K.m, no)
    if not x or string.byte(x) == 9 then return false end
    F[no] = facts_of(x)
    return true
end
for _, k in ipairs(A[7]) do fresh[k[1]] = true end
local function issue(id)
    if id == '' or fresh[id] then return true end
    if call('HEXISTS', K.km, id) == 0 then return false end
    fresh[id] = true
    return true
end
local function check()
    for _, a in ipairs(A[8]) do
        if not report(a[1]) then return 'a report that is placed' end
        if not issue(a[2]) then return 'an issue that is placed into' end
    end
    for _, no in ipairs(A[9]) do
        if not report(no) or left[no] then return 'a report that is removed' end
        left[no] = true
    end
    for _, d in ipairs(A[10]) do
        if not report(d[1]) or left[d[1]] then return 'a report that is decided about' end
        if not issue(d[2]) or not issue(d[3]) then return 'an issue that is decided about' end
    end
    if A[11] ~= '' then
        local open = false
        local ids = call('HGET', K.ca, A[11]) or ''
        for at = 1, #ids, 16 do
            if call('ZSCORE', K.cf, string.sub(ids, at, at + 15)) then open = true end
        end
        if not open then return 'such a correction, or it was undone already' end
    end
    for _, r in ipairs(A[12]) do
        if not report(r[4]) or left[r[4]] then return 'a report that is corrected' end
        if not issue(r[5]) or not issue(r[6]) then return 'an issue that is corrected' end
    end
    for _, s in ipairs(A[13]) do
        if not issue(s[1]) or not issue(s[2]) then return 'an issue that is suggested' end
    end
end
local missing = check()
if missing then return fail('NOT_FOUND', 'no ' .. missing) end
for _, r in ipairs(A[12]) do
    if call('HEXISTS', K.cr, r[1]) == 1 then return fail('CONFLICT', 'something like this is stored already') end
end

local version, model = call('HINCRBY', K.p, 'version', 1), 0
if A[4] ~= '' and (#A[8] > 0 or A[5] == 1) then
    model = model_number(A[4], true)
    local active = call('HGET', K.p, 'model') or ''
    if active == '' or A[5] == 1 then call('HSET', K.p, 'model', A[4]) end
    if A[5] == 1 then
        call('HSET', K.p, 'previous', active, 'switched_at', now, 'switched', version)
        call('HDEL', K.p, 'target', 'done', 'total')
    end
end
for _, k in ipairs(A[7]) do put_issue(k, version) end
for _, a in ipairs(A[8]) do
    local no, to, f = a[1], a[2] == '' and NONE or a[2], F[a[1]]
    local bare = f.placed == 1 and a[3] == ''
    if f.issue ~= to then
        if f.issue ~= NONE then call('ZREM', K.c .. ':' .. f.issue, f.time .. no) end
        if to ~= NONE then call('ZADD', K.c .. ':' .. to, 0, f.time .. no) end
        tally('in', (to ~= NONE and 1 or 0) - (f.issue ~= NONE and 1 or 0))
    end
    if not bare then
        f.model = a[3] ~= '' and model or 0
        if a[3] ~= '' then call('HSET', K.r, no, a[3]) else call('HDEL', K.r, no) end
        if f.placed == 1 then forget_sides(no) end
    end
    if f.placed == 0 then call('ZADD', K.is, 0, no) end
    f.placed, f.issue, f.version = 1, to, version
    call('ZADD', K.iv, version, no)
    if not (bare and to ~= NONE and f.state == 0) then set_state(no, f, to ~= NONE and 1 or 2) end
end
for no in pairs(left) do remove(no, F[no], version) end
for no, f in pairs(F) do call('HSET', K.m, no, facts_as(f)) end
for _, d in ipairs(A[10]) do
    local had = call('HGET', K.d, d[1])
    call('HSET', K.d, d[1], (had or '') .. struct.pack('>I4', #d[4]) .. d[4])
    if had then call('ZADD', K.ds, 0, d[1]) end
end
if A[11] ~= '' then
    local ids = call('HGET', K.ca, A[11])
    for at = 1, #ids, 16 do call('ZREM', K.cf, string.sub(ids, at, at + 15)) end
end
for _, r in ipairs(A[12]) do
    call('HSET', K.cr, r[1], pack(r))
    call('ZADD', K.cf, call('HINCRBY', K.p, 'corrections', 1), r[1])
    call('HSET', K.ca, r[2], (call('HGET', K.ca, r[2]) or '') .. r[1])
    if r[4] ~= '' then call('HSET', K.cs, r[4], (call('HGET', K.cs, r[4]) or '') .. r[1]) end
end
for _, s in ipairs(A[13]) do suggest(s[1], s[2], s[3], s[4]) end
return pack({hints(), outbox(A[14]), version})
