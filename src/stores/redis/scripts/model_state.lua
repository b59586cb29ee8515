if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local v = call('HMGET', K.p, 'model', 'target', 'done', 'total', 'previous', 'switched_at', 'switched')
return pack({v[1] or '', v[2] or '', tonumber(v[3] or 0), tonumber(v[4] or 0), v[5] or '', tonumber(v[6] or 0),
    tonumber(v[7] or 0)})
