if call('HSETNX', K.p, 'version', 0) == 1 then call('HSET', K.p, 'lists', 0) end
return pack({1})
