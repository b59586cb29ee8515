call('HSETNX', K.p, 'version', 0)
return pack({1})
