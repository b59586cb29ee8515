-- What is looked at of a report without its text: state (9: removed), source, 1 when it was ever placed, model of its
-- representation, time, issue, version of its last placement, id; then the source's own status.
local SHAPE = '>BBBHc7c16I6c16'
local function facts_of(x)
    local state, source, placed, model, time, issue, version, id = struct.unpack(SHAPE, x)
    return {state = state, source = source, placed = placed, model = model, time = time, issue = issue,
        version = version, id = id, status = string.sub(x, 51)}
end
local function facts_as(f)
    return struct.pack(SHAPE, f.state, f.source, f.placed, f.model, f.time, f.issue, f.version, f.id) .. f.status
end
local function tally(what, by)
    if by ~= 0 then call('HINCRBY', K.t, what, by) end
end
local function number(what) return tonumber(call('HGET', K.t, what) or 0) end
-- The lists that hold what waits.
local function set_state(no, f, to)
    if f.state == to then return end
    tally('f' .. f.state, -1)
    tally('f' .. to, 1)
    if f.state == 0 then call('ZREM', K.fp, no) end
    if to == 0 then call('ZADD', K.fp, 0, no) end
    if to == 1 or to == 9 then
        call('ZREM', K.fo, f.time .. no)
    else
        call('ZADD', K.fo, 0, f.time .. no)
    end
    f.state = to
end
