-- A: numbers above (of reports), how many. Body: where to go on, what is wrong or empty. The counters against the lists, then the
-- reports one by one.
local function wrong(words) return pack({'', words}) end
-- The jobs against their lists: what is in line or held, and the counters by state and kind.
local function wrong_jobs()
    if call('ZCARD', K.ja) ~= call('HLEN', K.j) then return 'the order of the jobs differs from the jobs' end
    local counts, of_state = call('HGETALL', K.jt), {}
    for i = 1, #counts, 2 do
        local state, kind = string.match(counts[i], '^(%d+):(.*)$')
        local n = tonumber(counts[i + 1])
        of_state[state] = (of_state[state] or 0) + n
        if state == '0' and n ~= call('ZCARD', K.jr .. ':' .. kind) then return 'a job that is pending and not in line' end
        if state == '1' and n ~= call('ZCARD', K.jl .. ':' .. kind) then return 'a job that runs without a lease' end
    end
    local all = 0
    for state = 0, 15 do
        local n = of_state[tostring(state)] or 0
        if n ~= call('ZCARD', K.js .. ':' .. state) then return 'the counters of jobs differ from the jobs' end
        all = all + n
    end
    if all ~= call('ZCARD', K.ja) then return 'a job that no counter counts' end
end
local function is_listed(z, j, m)
    return call('ZSCORE', K.zi .. ':' .. z[6], m) and call('ZSCORE', K.z .. ':' .. j[6] .. ':' .. z[4], m)
        and (z[4] == 0 or call('ZSCORE', K.z .. ':w', m))
end
local function in_state_lists()
    local n = 0
    for _, key in ipairs(state_lists(-1, -1)) do n = n + call('ZCARD', key) end
    return n
end
if A[1] == '' then
    if number('all') ~= call('ZCARD', K.fa) then return wrong('the counter of reports differs from the reports') end
    local sum = 0
    for source = 0, 31 do
        local n = number('s' .. source)
        if n ~= call('ZCARD', K.fs .. ':' .. source) then return wrong('the counters by source differ from the reports') end
        sum = sum + n
    end
    if sum ~= number('all') then return wrong('the counters by source differ from the counter of all') end
    if number('f0') ~= call('ZCARD', K.fp) then return wrong('the counter of what waits differs from the reports') end
    if number('f0') + number('f2') ~= call('ZCARD', K.fo) then return wrong('the counters by state differ from the reports') end
    if number('f0') + number('f1') + number('f2') ~= number('all') then return wrong('a report that no counter counts') end
    if call('HLEN', K.f) ~= number('all') or call('HLEN', K.x) ~= number('all') or call('HLEN', K.fi) ~= number('all') then
        return wrong('an index of reports differs from the reports')
    end
    local alive = 0
    for status = 0, 31 do alive = alive + number('k' .. status) end
    if alive ~= call('ZCARD', K.kr) or alive ~= call('ZCARD', K.ks) or alive ~= call('ZCARD', K.kc) then
        return wrong('the counters by status differ from the issues')
    end
    if call('HLEN', K.k) ~= call('HLEN', K.km) then return wrong('an issue without its facts') end
    local words = wrong_jobs()
    if words then return wrong(words) end
    if call('ZCARD', K.zi) ~= call('HLEN', K.z) then return wrong('the order of the fixes differs from the fixes') end
    if lists_are_whole() and in_state_lists() ~= call('ZCARD', K.zi) then return wrong('the lists of fixes differ from the fixes') end
    local below = '+'
    repeat
        local page, ids = call('ZREVRANGEBYLEX', K.zi, below, '-', 'LIMIT', 0, 500), {}
        for i, m in ipairs(page) do ids[i] = string.sub(m, 7) end
        local fixes, jobs, whole = many(K.z, ids), many(K.j, ids), lists_are_whole()
        for i, id in ipairs(ids) do
            if not fixes[i] or not jobs[i] then return wrong('a fix without its job') end
            local z, j = unpk(fixes[i]), unpk(jobs[i])
            if call('HEXISTS', K.km, z[6]) == 0 then return wrong('a fix without its issue') end
            if whole and not is_listed(z, j, page[i]) then return wrong('a fix that is not in its lists') end
        end
        below = #page > 0 and '(' .. page[#page]
    until not below
end
local nos, version = call('ZRANGEBYLEX', K.is, '(' .. A[1], '+', 'LIMIT', 0, A[2]), tonumber(call('HGET', K.p, 'version'))
for i, x in ipairs(many(K.m, nos)) do
    if not x then return wrong('a placement without its report') end
    local f, no = facts_of(x), nos[i]
    if f.version > version then return wrong('a placement newer than its project') end
    if f.state ~= 9 then
        local inside = f.issue ~= NONE
        if not call('HGET', K.f, no) then return wrong('a report without its text') end
        if (f.state == 1 and not inside) or (f.state == 2 and inside) then return wrong('a report whose state differs from its place') end
        if inside then
            local k = issue_of(f.issue)
            if not k then return wrong('a grouped report without its issue') end
            if k[4] == 0 then return wrong('a report in an issue that was merged away') end
            if not call('ZSCORE', K.c .. ':' .. f.issue, f.time .. no) then return wrong('a report that its issue does not list') end
        end
    elseif call('HEXISTS', K.f, no) == 1 or f.issue ~= NONE then
        return wrong('a report that was removed and is still there')
    end
end
return pack({nos[#nos] or '', ''})
