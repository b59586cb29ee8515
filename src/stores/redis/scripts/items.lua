local function items_of(nos, seen, above, model)
    local out, no_model = {}, call('HGET', K.mo, model)
    local facts = many(K.m, nos)
    local own = no_model and many(K.r, nos) or {}
    local side = no_model and many(K.w .. ':' .. no_model, nos) or {}
    for i, no in ipairs(nos) do
        local f = facts_of(facts[i])
        if f.version <= seen and f.version > above then
            out[#out + 1] = {no, facts[i], tostring(f.model) == no_model and own[i] or side[i] or ''}
        end
    end
    return out
end
