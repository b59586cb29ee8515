-- A: id, the state that follows from each (-1: does not fit), replay, now
local j = job_of(A[1])
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
if not j then return fail('NOT_FOUND', 'no such job') end
local to = A[2][j[6] + 1]
if to < 0 then return fail('CONFLICT', 'the job is in a state that this does not fit') end
if to < 2 and j[4] ~= '' and call('HEXISTS', K.ju, j[4]) == 1 then
    return fail('CONFLICT', 'another job does the same already')
end
if A[3] == 1 then
    change(j, to, 0, math.max(A[4], 1), nil, A[4])
else
    change(j, to, j[7], 0, nil, A[4])
end
return pack({hints(), 0})
