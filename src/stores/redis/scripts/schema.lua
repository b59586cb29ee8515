-- A: the version of this program. Body: the version found, 0 when the store was empty; a lower one is brought forward
-- by the program's steps, one call each.
local was = tonumber(call('HGET', K.p, 'schema') or 0)
if was == 0 then call('HSET', K.p, 'schema', A[1], 'version', 0) end
return pack({was})
