-- Body: version, model.
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
return pack({tonumber(call('HGET', K.p, 'version')), call('HGET', K.p, 'model') or ''})
