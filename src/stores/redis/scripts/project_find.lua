-- A: id or empty, name. Body: id, name, created.
local id = A[1]
local row = id ~= '' and call('HGET', K.pi, id)
if not row then
    id = call('HGET', K.pn, A[2])
    row = id and call('HGET', K.pi, id)
end
if not row then return fail('NOT_FOUND', NO_PROJECT) end
row = unpk(row)
return pack({id, row[1], row[2]})
