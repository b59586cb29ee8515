call('HSET', K.p, 'probed', A[1])
call('HINCRBY', K.p, 'probes', 1)
return pack({1})
