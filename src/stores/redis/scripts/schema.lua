-- A: the version of this program. Body: the version found, 0 when the store was empty. From now on no older program opens it.
local was = tonumber(call('HGET', K.p, 'schema') or 0)
if was == 0 then call('HSET', K.p, 'version', 0) end
if was < A[1] then call('HSET', K.p, 'schema', A[1]) end
return pack({was})
