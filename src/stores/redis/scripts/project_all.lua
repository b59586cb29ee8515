local out, all = {}, call('HGETALL', K.pi)
for i = 1, #all, 2 do
    local row = unpk(all[i + 1])
    out[#out + 1] = {all[i], row[1], row[2]}
end
return pack({out})
