-- A: id, after, before (0: none), limit. Body: number of the first row, rows.
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
if call('HEXISTS', K.j, A[1]) == 0 then return fail('NOT_FOUND', 'no such job') end
local key, from, to = K.zl .. ':' .. A[1], A[2], A[2] + A[4] - 1 -- a row's number is its place in the list and one
if A[3] > 0 then
    to = math.min(A[3] - 1, call('LLEN', key)) - 1
    from = math.max(A[2], to + 1 - A[4])
end
return pack({from + 1, to < from and {} or call('LRANGE', key, from, to)})
