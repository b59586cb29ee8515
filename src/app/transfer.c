#include "app/transfer.h"

#include <stddef.h>

static const struct {
    const char *name, *words;
    size_t at;
} kinds[] = {
#define X(name, words) {#name, words, offsetof(sc_transfer_counts, name)},
    SC_TRANSFER_KINDS(X)
#undef X
};

static int64_t count_of(const sc_transfer_counts *n, size_t i) {
    return *(const int64_t *)(const void *)((const char *)n + kinds[i].at);
}

void sc_transfer_words(const sc_transfer_counts *n, sc_buf *out) {
    for (size_t i = 0; i < SC_LEN(kinds); i++)
        sc_buf_putf(out, "%s%lld %s", i ? ", " : "", (long long)count_of(n, i), kinds[i].words);
}

void sc_transfer_members(const sc_transfer_counts *n, sc_buf *out) {
    for (size_t i = 0; i < SC_LEN(kinds); i++)
        sc_buf_putf(out, "\"%s\":%lld,", kinds[i].name, (long long)count_of(n, i));
    sc_buf_putf(out, "\"skipped\":%lld", (long long)n->skipped);
}

/* One that is not named here stays: a new one is decided about before it travels. */
bool sc_transfer_setting(sc_str name) {
    static const char *const families[] = {"source.", "refused.", "view."};
    static const char *const names[] = {"fix",      "fix.use", "limits",
                                        "embedder", "llm.use", "embedder.use"};
    for (size_t i = 0; i < SC_LEN(families); i++)
        if (sc_str_starts(name, families[i])) return true;
    for (size_t i = 0; i < SC_LEN(names); i++)
        if (sc_str_is(name, names[i])) return true;
    return false;
}
