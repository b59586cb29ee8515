#include "core/key.h"

static const struct {
    const char *name;
    unsigned bit;
} scopes_table[] = {
#define X(name, bit) {#name, bit},
    SC_KEY_SCOPES(X)
#undef X
};

sc_rc sc_key_scopes_parse(sc_str text, unsigned *ret, sc_err *err) {
    unsigned scopes = 0;
    sc_str part;
    while (sc_str_next(&text, ',', &part)) {
        sc_str word = sc_str_trim(part);
        size_t i = 0;
        while (i < SC_LEN(scopes_table) && !sc_str_is(word, scopes_table[i].name)) i++;
        if (i == SC_LEN(scopes_table))
            return sc_fail_field(err, SC_UNPROCESSABLE, "scopes",
                                 "\"%.*s\" is no scope: ingest, read, triage, fix, admin",
                                 SC_FMT(sc_str_clip(word, 40)));
        scopes |= scopes_table[i].bit;
    }
    if (!scopes) return sc_fail_field(err, SC_UNPROCESSABLE, "scopes", "name at least one scope");
    *ret = scopes;
    return SC_OK;
}

void sc_key_scopes_format(unsigned scopes, sc_buf *out) {
    bool first = true;
    for (size_t i = 0; i < SC_LEN(scopes_table); i++) {
        if (!(scopes & scopes_table[i].bit)) continue;
        if (!first) sc_buf_putc(out, ',');
        sc_buf_puts(out, scopes_table[i].name);
        first = false;
    }
}

bool sc_key_allows(unsigned have, unsigned need) {
    return (have & SC_SCOPE_admin) || (have & need) == need;
}
