-- A: id, name, created. The name becomes the project's; its rows are there by now.
local id, name = A[1], A[2]
local holder, was = call('HGET', K.pn, name), call('HGET', K.pi, id)
if holder and holder ~= id then return fail('CONFLICT', 'the name is taken') end
if was then
    was = unpk(was)
    if was[1] ~= name then call('HDEL', K.pn, was[1]) end
    A[3] = was[2]
end
call('HSET', K.pn, name, id)
call('HSET', K.pi, id, pack({name, A[3]}))
call('INCR', K.token)
return pack({1})
