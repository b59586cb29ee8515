call('HDEL', K.ss, A[1])
call('ZREM', K.se, A[1])
call('INCR', K.token)
return pack({1})
