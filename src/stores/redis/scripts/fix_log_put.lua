-- A: id, rows {stream, text, at}, most bytes, what is said once when it is full. log bytes go one beyond the cap then.
local z = fix_of(A[1])
if not z then return fail('NOT_FOUND', 'no such fix') end
local key, most = K.zl .. ':' .. A[1], A[3]
for _, row in ipairs(A[2]) do
    local fits = z[7] + #row[2] <= most
    if fits or z[7] <= most then
        call('RPUSH', key, pack({row[1], fits and row[2] or A[4], row[3]}))
        z[7] = fits and z[7] + #row[2] or most + 1
    end
end
put_fix(A[1], z)
return pack({{}, 0})
