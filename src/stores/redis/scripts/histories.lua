-- A: above, up to, more than so many, at most so many of each. Body: {number, reasons} each.
local out = {}
for _, no in ipairs(call('ZRANGEBYLEX', K.ds, '(' .. A[1], '[' .. A[2])) do
    local all, at, reasons = call('HGET', K.d, no), 1, {}
    while at <= #all do
        local n = struct.unpack('>I4', all, at)
        reasons[#reasons + 1] = string.sub(all, at + 4, at + 4)
        at = at + 4 + n
    end
    if #reasons > A[3] then out[#out + 1] = {no, string.sub(table.concat(reasons), 1, A[4])} end
end
return pack({out})
