-- Facts of an issue that lists look at: 1 number, 2 version, 3 status, 4 alive, 5 last seen, 6 count, 7 created (as
-- keys of lists), 8 count, 9 sources, 10 due, 11 trend.
local function issue_of(id)
    local x = call('HGET', K.km, id)
    return x and unpk(x)
end
local function key_of(part, k, id) return part .. struct.pack('>I5', k[1]) .. id end
local function put_issue(k, version)
    local id, was = k[1], issue_of(k[1])
    local new = {was and was[1] or call('HINCRBY', K.p, 'issues', 1), version, k[3], k[4], k[5], k[6], k[7], k[8],
        k[9], k[10], k[11]}
    local lists = {{K.kr, 5}, {K.ks, 6}, {K.kc, 7}, {K.kd, 5}}
    for i, l in ipairs(lists) do
        if was and was[4] == 1 and (i < 4 or was[10] == 1) then call('ZREM', l[1], key_of(was[l[2]], was, id)) end
        if new[4] == 1 and (i < 4 or new[10] == 1) then call('ZADD', l[1], 0, key_of(new[l[2]], new, id)) end
    end
    if was and was[4] == 1 then tally('k' .. was[3], -1) end
    if new[4] == 1 then tally('k' .. new[3], 1) end
    call('ZADD', K.kv, version, struct.pack('>I5', new[1]) .. id)
    call('HSET', K.km, id, pack(new))
    call('HSET', K.k, id, k[2])
end
-- ---- Models, removal
local function model_number(name, make)
    local no = call('HGET', K.mo, name)
    if not no and make then
        no = call('HINCRBY', K.p, 'models', 1)
        call('HSET', K.mo, name, no)
    end
    return tonumber(no or 0)
end
local function forget_sides(no)
    for _, m in ipairs(call('SMEMBERS', K.ws)) do call('HDEL', K.w .. ':' .. m, no) end
end
-- The number is never given again, and followers learn from the empty placement that it is in no issue.
local function remove(no, f, version)
    local row = unpk(call('HGET', K.f, no))
    set_state(no, f, 9)
    tally('f9', -1)
    tally('s' .. f.source, -1)
    tally('all', -1)
    if f.issue ~= NONE then
        call('ZREM', K.c .. ':' .. f.issue, f.time .. no)
        tally('in', -1)
    end
    call('ZREM', K.fa, f.time .. no)
    call('ZREM', K.fs .. ':' .. f.source, f.time .. no)
    if f.status ~= '' then call('ZREM', K.ft .. ':' .. f.status, f.time .. no) end
    call('HDEL', K.x, string.char(f.source) .. row[7])
    call('HDEL', K.fi, f.id)
    for _, key in ipairs({K.f, K.r, K.d}) do call('HDEL', key, no) end
    call('ZREM', K.ds, no)
    forget_sides(no)
    local ids = call('HGET', K.cs, no) or ''
    for at = 1, #ids, 16 do
        local id = string.sub(ids, at, at + 15)
        call('ZREM', K.cf, id)
        call('HDEL', K.cr, id)
    end
    call('HDEL', K.cs, no)
    f.issue, f.model, f.status = NONE, 0, ''
    if f.placed == 1 then
        f.version = version
        call('ZADD', K.iv, version, no)
    end
end
-- ---- Pairs: {state, probability, members of the one, of the other, model, why, at, number, issue, issue}, the one that
-- was made first in front.
local function pair_key(a, b)
    local x, y = issue_of(a), issue_of(b)
    if x[1] > y[1] then return b .. a, true end
    return a .. b, false
end
local function pair_member(key, p) return struct.pack('>I5', p[8]) .. key end
local function put_pair(key, p)
    call('HSET', K.q, key, pack(p))
    if p[1] == 0 then
        call('ZADD', K.qo, p[2] == p[2] and -p[2] or 1, pair_member(key, p))
    else
        call('ZREM', K.qo, pair_member(key, p))
    end
end
local function new_pair(key)
    return {0, 0, 0, 0, '', '', 0, call('HINCRBY', K.p, 'pairs', 1), string.sub(key, 1, 16), string.sub(key, 17)}
end
local MOST_OPEN = 10000 -- suggestions of a project that wait; more are left out
local function suggest(a, b, probability, at)
    if call('ZCARD', K.qo) >= MOST_OPEN then return end
    local key = pair_key(a, b)
    local x = call('HGET', K.q, key)
    local p = x and unpk(x) or new_pair(key)
    if p[1] == 2 then -- open again when either has grown by half since it was judged
        local one, other = issue_of(p[9]), issue_of(p[10])
        if 2 * one[8] < 3 * p[3] and 2 * other[8] < 3 * p[4] then return end
    elseif p[1] == 1 then
        return
    end
    p[1], p[2], p[7] = 0, probability, at
    put_pair(key, p)
end
