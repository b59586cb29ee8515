-- A: id, fence, mode (finish, retry, release, end), state, state when no attempts are left, run at, error, now, spare
-- id, spare number, events
local j = job_of(A[1])
if not j then return fail('NOT_FOUND', 'no such job') end
if j[6] ~= 1 or j[9] ~= A[2] then return fail('FENCED', FENCED) end
local mode, to, now, again = A[3], A[4], A[8], j[18] == 1
if mode == 'retry' and j[7] >= j[8] then mode, to = 'end', A[5] end
if mode == 'finish' then
    if again then
        change(j, 0, 0, math.max(now, 1), '', now)
    else
        change(j, to, j[7], 0, '', now)
    end
    again = false
elseif mode == 'retry' then
    change(j, to, j[7], math.max(A[6], 1), A[7], now)
    again = false
elseif mode == 'release' then
    change(j, to, math.max(j[7] - 1, 0), A[6], nil, now)
    again = false
else
    change(j, to, j[7], 0, A[7], now)
end
if again then ask_again(j, A[9], A[10], now) end
return pack({hints(), outbox(A[11]), again and 1 or 0})
