-- A: number of the last event that was told. What a process that died may have left untold: hints and events; then
-- 1 when the lists of fixes are whole.
for _, n in ipairs(call('HKEYS', K.o)) do
    if tonumber(n) <= A[1] then call('HDEL', K.o, n) end
end
for _, field in ipairs(call('HKEYS', K.jt)) do touched[string.match(field, '^%d+:(.*)$')] = true end
local first, events = 0, {}
local last = tonumber(call('HGET', K.p, 'events') or 0)
if last > A[1] then
    first = A[1] + 1
    for n = first, last do events[#events + 1] = unpk(call('HGET', K.o, n)) end
end
return pack({hints(), first, events, lists_are_whole() and 1 or 0})
