-- In front of every script: K (the declared keys by name) stands before this; A is what the program asks for, T what the
-- installation is to be told of it at once (none: in a step of its own).
local call, pack, unpk = redis.call, cmsgpack.pack, cmsgpack.unpack
local A, T = unpk(ARGV[1])
local NONE = string.rep('\0', 16) -- an id in a fixed place: none
local function fail(code, words) return {err = 'SC_' .. code .. ' ' .. words} end
local function gone() return call('EXISTS', K.p) == 0 end
local NO_PROJECT = 'no such project'
-- HMGET in portions: a Lua call takes some thousand arguments.
local function many(key, fields)
    local out, n = {}, #fields
    for from = 1, n, 1000 do
        local to = math.min(from + 999, n)
        local got = call('HMGET', key, unpack(fields, from, to))
        for i = from, to do out[i] = got[i - from + 1] end
    end
    return out
end
-- Events of a project, numbered; they are told to the installation's feed in a step of their own.
local function outbox(events)
    if #events == 0 then return 0 end
    local last = call('HINCRBY', K.p, 'events', #events)
    call('HINCRBY', K.p, 'own', #events)
    local first = last - #events + 1
    for i, e in ipairs(events) do call('HSET', K.o, first + i - 1, pack(e)) end
    return first
end
