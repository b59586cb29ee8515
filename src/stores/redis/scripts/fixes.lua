-- A fix is a job with an array beside it: 1 version, 2 step, 3 reason, 4 pull, 5 watched until, 6 issue, 7 bytes of its
-- log, 8 started at, 9 what never changes, 10 the rest.
local function fix_of(id)
    local x = call('HGET', K.z, id)
    return x and unpk(x)
end
local function put_fix(id, z) call('HSET', K.z, id, pack(z)) end
