-- Where all keys are in one place: the step and what follows it, at once. T: the project, the events. Two bodies: the step's, and
-- `after`'s.
local reply = step()
if type(reply) ~= 'string' then return reply end
local got = unpk(reply)
return {reply, tell({T[1], got[1], got[2], got[2] == 0 and {} or T[2]})}
