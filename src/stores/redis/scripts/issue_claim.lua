-- An id of an issue belongs to one project. A: project, ids.
for _, id in ipairs(A[2]) do
    local holder = call('HGET', K.ki, id)
    if holder and holder ~= A[1] then return fail('NOT_FOUND', 'no such issue') end
end
for _, id in ipairs(A[2]) do call('HSET', K.ki, id, A[1]) end
return pack({1})
