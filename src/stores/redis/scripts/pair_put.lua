-- A: job or empty, fence, drop, issue, issue, {state, probability, members of each, model, why, at}
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
if A[1] ~= '' and not holds(A[1], A[2]) then return fail('FENCED', FENCED) end
if not issue_of(A[4]) or not issue_of(A[5]) then return fail('NOT_FOUND', 'no such issue') end
local key, turned = pair_key(A[4], A[5])
local x, v = call('HGET', K.q, key), A[6]
if A[3] == 1 then
    if x then
        call('ZREM', K.qo, pair_member(key, unpk(x)))
        call('HDEL', K.q, key)
    end
    return pack({{}, 0})
end
local p = x and unpk(x) or new_pair(key)
p[1], p[2], p[5], p[6], p[7] = v[1], v[2], v[5], v[6], v[7]
p[3], p[4] = turned and v[4] or v[3], turned and v[3] or v[4]
put_pair(key, p)
return pack({{}, 0})
