local id = call('HGET', K.ah, A[1])
if not id then return fail('NOT_FOUND', 'no such key') end
return pack({call('HGET', K.ak, id)})
