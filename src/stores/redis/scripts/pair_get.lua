if gone() then return fail('NOT_FOUND', NO_PROJECT) end
if not issue_of(A[1]) or not issue_of(A[2]) then return fail('NOT_FOUND', 'no such issue') end
local x = call('HGET', K.q, (pair_key(A[1], A[2])))
if not x then return fail('NOT_FOUND', 'these two issues were not judged') end
return pack({{x}})
