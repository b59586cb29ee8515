-- A: name, interval in us, burst, how many are wanted. The key holds the time at which the bucket is full again (GCRA). By the
-- clock of Redis, which all processes share. Body: how many may go, and when none may, the wait in us.
local t, key = call('TIME'), K.b .. ':' .. A[1]
local now = t[1] * 1000000 + t[2]
local full = math.max(tonumber(call('GET', key) or 0), now)
local room = math.floor((now + A[3] * A[2] - full) / A[2])
if room < 1 then return pack({0, full + A[2] - now - A[3] * A[2]}) end
local n = math.min(room, A[4])
full = full + n * A[2]
call('SET', key, string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
return pack({n, 0})
