-- A: job, fence, chart, now, events
if gone() then return fail('NOT_FOUND', NO_PROJECT) end
if not holds(A[1], A[2]) then return fail('FENCED', FENCED) end
local version = call('HINCRBY', K.h, 'version', 1)
call('HSET', K.h, 'chart', A[3], 'at', A[4])
return pack({{}, outbox(A[5]), version})
