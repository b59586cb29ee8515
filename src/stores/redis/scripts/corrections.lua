if gone() then return fail('NOT_FOUND', NO_PROJECT) end
return pack({many(K.cr, call('ZRANGE', K.cf, 0, -1))})
