-- A job is an array: 1 id, 2 project, 3 kind, 4 unique key, 5 payload, 6 state, 7 attempts, 8 most attempts, 9 fence,
-- 10 lease owner, 11 lease until, 12 run at, 13 created, 14 updated, 15 ended, 16 error, 17 request, 18 again, 19 number.
-- States: 0 pending, 1 running, then the ends, 6 dead.
local touched, born, died = {}, {}, {}
local function member(j) return struct.pack('>I6', j[19]) .. j[1] end
local function job_of(id)
    local x = call('HGET', K.j, id)
    return x and unpk(x)
end
local function place_of(j)
    if j[6] == 0 then return K.jr .. ':' .. j[3], j[12] end
    if j[6] == 1 then return K.jl .. ':' .. j[3], j[11] end
    if j[6] ~= 6 and j[3] ~= 'fix' then return K.je, j[15] end -- fixes are history
end
-- A fix is listed by its state and what became of its pull request, and by how long that one is looked at.
local function lists_of(j)
    local z = j[3] == 'fix' and call('HGET', K.z, j[1])
    if not z then return end
    z = unpk(z)
    local looked_at = z[4] == 1 and '+inf' or z[4] ~= 0 and string.format('%.0f', z[5])
    return K.z .. ':' .. j[6] .. ':' .. z[4], looked_at
end
local function unlist(j)
    local key = lists_of(j)
    if not key then return end
    call('ZREM', key, member(j))
    call('ZREM', K.z .. ':w', member(j))
end
local function list(j)
    local key, looked_at = lists_of(j)
    if key then call('ZADD', key, 0, member(j)) end
    if looked_at then call('ZADD', K.z .. ':w', looked_at, member(j)) end
end
local function take_out(j)
    local key, m = place_of(j), member(j)
    if key then call('ZREM', key, m) end
    call('ZREM', K.js .. ':' .. j[6], m)
    call('HINCRBY', K.jt, j[6] .. ':' .. j[3], -1)
    unlist(j)
    if j[6] < 2 and j[4] ~= '' then call('HDEL', K.ju, j[4]) end
    touched[j[3]] = true
end
local function put_in(j)
    local m = member(j)
    local key, score = place_of(j)
    if key then call('ZADD', key, score, m) end
    call('ZADD', K.js .. ':' .. j[6], 0, m)
    call('HINCRBY', K.jt, j[6] .. ':' .. j[3], 1)
    list(j)
    if j[6] < 2 and j[4] ~= '' then call('HSET', K.ju, j[4], j[1]) end
    call('HSET', K.j, j[1], pack(j))
    touched[j[3]] = true
end
local function add_job(j)
    put_in(j)
    call('ZADD', K.ja, 0, member(j))
    born[#born + 1] = j[1]
end
local function drop_job(j)
    take_out(j)
    call('ZREM', K.ja, member(j))
    call('HDEL', K.j, j[1])
    died[#died + 1] = j[1]
end
-- Asks for a job; the id of the one that will do it.
local function ask(j)
    local id = j[4] ~= '' and call('HGET', K.ju, j[4])
    if not id then
        add_job(j)
        return j[1]
    end
    local open = job_of(id)
    if open[6] == 1 and open[18] == 0 then
        open[18], open[14] = 1, j[14]
        call('HSET', K.j, id, pack(open))
    end
    return id
end
-- run_at 0 and error nil: as they were.
local function change(j, to, attempts, run_at, error, now)
    take_out(j)
    j[6], j[7], j[10], j[11], j[14], j[18] = to, attempts, '', 0, now, 0
    if run_at > 0 then j[12] = run_at end
    if error then j[16] = error end
    j[15] = to >= 2 and math.max(now, 1) or 0
    put_in(j)
end
-- What was asked for while the job ran must not end with it.
local function ask_again(j, id, number, now)
    add_job({id, j[2], j[3], j[4], j[5], 0, 0, j[8], 0, '', 0, now, now, now, 0, '', j[17], 0, number})
end
local function holds(id, fence)
    local j = job_of(id)
    return j and j[6] == 1 and j[9] == fence
end
local FENCED = 'the job is no longer ours: its lease ran out or it was stopped'
-- For each kind that changed: when its next and its last job are due (the stamp orders what several processes say); then the
-- jobs that came and went.
local function hints()
    local out = {}
    for kind in pairs(touched) do
        local least, most = -1, -1
        for _, key in ipairs({K.jr .. ':' .. kind, K.jl .. ':' .. kind}) do
            local first = call('ZRANGE', key, 0, 0, 'WITHSCORES')
            local last = call('ZRANGE', key, -1, -1, 'WITHSCORES')
            if first[1] then
                local lo, hi = tonumber(first[2]), tonumber(last[2])
                if least < 0 or lo < least then least = lo end
                if hi > most then most = hi end
            end
        end
        out[#out + 1] = {kind, call('HINCRBY', K.p, 'hints', 1), least, most}
    end
    if #out > 0 then call('HINCRBY', K.p, 'own', #out) end
    return {out, born, died}
end
