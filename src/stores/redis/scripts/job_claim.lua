-- A: kinds, owner, lease, now, absurd, spare id, spare number. Body: 0 nothing, 1 and the job, 2 look again.
local kinds, owner, lease, now, absurd = A[1], A[2], A[3], A[4], A[5]
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local best
local function look(key, from, to)
    local m = call('ZRANGEBYSCORE', key, from, to, 'LIMIT', 0, 1)[1]
    local j = m and job_of(string.sub(m, 7))
    if j and (not best or j[12] < best[12] or (j[12] == best[12] and j[19] < best[19])) then best = j end
end
for _, kind in ipairs(kinds) do
    look(K.jr .. ':' .. kind, '-inf', now)
    look(K.jl .. ':' .. kind, '-inf', now)
    touched[kind] = true
end
if not best then
    for _, kind in ipairs(kinds) do
        look(K.jr .. ':' .. kind, '(' .. string.format('%.0f', absurd), '+inf')
        look(K.jl .. ':' .. kind, '(' .. string.format('%.0f', absurd), '+inf')
    end
end
if not best then return pack({hints(), 0, 0}) end
if best[6] == 1 and best[7] >= best[8] or best[7] >= best[8] then
    local again = best[18] == 1
    change(best, 6, best[7], 0, 'the lease ran out and no attempts are left', now)
    if again then ask_again(best, A[6], A[7], now) end
    return pack({hints(), 0, 2, again and 1 or 0})
end
take_out(best)
best[6], best[7], best[9] = 1, best[7] + 1, best[9] + 1
best[10], best[11], best[14] = owner, now + lease, now
put_in(best)
return pack({hints(), 0, 1, pack(best)})
