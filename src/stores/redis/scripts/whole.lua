-- Where all keys are in one place: the step and what follows it, at once. T: the project, the events. Two bodies: the step's, and
-- `after`'s. Where telling fails the step is done all the same, and the next sweep tells.
local reply = step()
if type(reply) ~= 'string' then return reply end
local got = unpk(reply)
local ok, told = pcall(tell, {T[1], got[1], got[2], got[2] == 0 and {} or T[2]})
return {reply, ok and told or pack({-1})}
