-- A: owner, how long in ms (0: give it up). By Redis's own clock: it ends by itself when its owner is gone.
local has = call('GET', K.le)
if A[2] == 0 then
    if has == A[1] then call('DEL', K.le) end
    return pack({1})
end
if has and has ~= A[1] then return fail('CONFLICT', 'another process has the lead') end
call('SET', K.le, A[1], 'PX', A[2])
return pack({1})
