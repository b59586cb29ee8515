-- A: numbers above, how many, version seen or -1, model. Placements in order of their numbers. Body: version, last number looked at
-- (empty: no more), {number, facts, representation} of those that are not newer than the version seen.
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
local version = tonumber(call('HGET', K.p, 'version'))
local seen = A[3] >= 0 and A[3] or version
local nos = call('ZRANGEBYLEX', K.is, '(' .. A[1], '+', 'LIMIT', 0, A[2])
local out = items_of(nos, seen, 0, A[4])
return pack({version, nos[#nos] or '', out})
