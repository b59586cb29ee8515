if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local version = tonumber(call('HGET', K.h, 'version') or 0)
return pack({version, version ~= A[1] and version ~= 0 and call('HGET', K.h, 'chart') or ''})
