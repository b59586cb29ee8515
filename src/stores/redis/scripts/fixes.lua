-- A fix is a job with an array beside it: 1 version, 2 step, 3 reason, 4 pull, 5 watched until, 6 issue, 7 bytes of its
-- log, 8 started at, 9 what never changes, 10 the rest.
local function fix_of(id)
    local x = call('HGET', K.z, id)
    return x and unpk(x)
end
local function put_fix(id, z) call('HSET', K.z, id, pack(z)) end
local function add_fix(j, z)
    put_fix(j[1], z)
    add_job(j)
    call('ZADD', K.zi, 0, member(j))
    call('ZADD', K.zi .. ':' .. z[6], 0, member(j))
end
-- Lists of fixes besides `zi`: zi:ISSUE, z:STATE:PULL, z:w. They are whole while only programs that keep them write: each write
-- that a list depends on moves `hints` or `events`, and `own` with them, which older programs do not know. What those moved,
-- and what they had moved when the lists were made (-1: they never were).
local function moved_by_others()
    local n = call('HMGET', K.p, 'hints', 'events', 'own', 'lists')
    return tonumber(n[1] or 0) + tonumber(n[2] or 0) - tonumber(n[3] or 0), tonumber(n[4] or -1)
end
local function lists_are_whole()
    local now, made = moved_by_others()
    return now == made
end
-- The lists of a state and a pull request's (-1: of any).
local function state_lists(state, pull)
    local keys = {}
    for s = math.max(state, 0), state < 0 and 15 or state do -- more than there are
        for p = math.max(pull, 0), pull < 0 and 7 or pull do keys[#keys + 1] = K.z .. ':' .. s .. ':' .. p end
    end
    return keys
end
