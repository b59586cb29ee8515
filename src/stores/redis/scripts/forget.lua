-- A: {number, reasons seen, a letter for each: k keep, x drop} each. What came since is kept. Body: how many went.
local n = 0
for _, h in ipairs(A) do
    local all, at, kept, i, same = call('HGET', K.d, h[1]) or '', 1, {}, 0, true
    while at <= #all do
        local size = struct.unpack('>I4', all, at)
        i = i + 1
        if i <= #h[2] and string.sub(all, at + 4, at + 4) ~= string.sub(h[2], i, i) then same = false end
        if string.sub(h[3], i, i) ~= 'x' then kept[#kept + 1] = string.sub(all, at, at + 3 + size) end
        at = at + 4 + size
    end
    if same and i >= #h[2] then
        n = n + i - #kept
        call('HSET', K.d, h[1], table.concat(kept))
        if #kept < 2 then call('ZREM', K.ds, h[1]) end
    end
end
return pack({{}, 0, n})
