return pack({call('HGET', K.aa, A[1]) or ''})
