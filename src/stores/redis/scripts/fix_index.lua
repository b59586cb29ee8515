-- A: how many fixes. Body: 1 when the lists are whole. Where an older program wrote since they were begun, they are made anew; whoever
-- comes next goes on where this one ends.
if gone() then return pack({1}) end
local now, made = moved_by_others()
if now == made then return pack({1}) end
local under_way = call('HMGET', K.p, 'listing', 'listed')
local from = under_way[2]
if not from or tonumber(under_way[1]) ~= now then
    call('UNLINK', K.z .. ':w', unpack(state_lists(-1, -1)))
    call('HSET', K.p, 'listing', now)
    from = ''
end
local page = call('ZRANGEBYLEX', K.zi, from == '' and '-' or '(' .. from, '+', 'LIMIT', 0, A[1])
for _, m in ipairs(page) do
    local j, z = job_of(string.sub(m, 7)), fix_of(string.sub(m, 7))
    if j and z then
        call('ZADD', K.zi .. ':' .. z[6], 0, m)
        list(j)
    end
end
if #page == A[1] then
    call('HSET', K.p, 'listed', page[#page])
    return pack({0})
end
call('HDEL', K.p, 'listing', 'listed')
call('HSET', K.p, 'lists', now)
return pack({1})
