/* Patches of strangers. Whatever is taken adds up: parts cover the text, hunks hold the lines that they count, paths and modes are
 * ones that git has; and judging it ends. */
#include <stdlib.h>

#include "patch/rules.h"

static void check_hunks(const sc_patch_file *f) {
    int64_t added = 0, removed = 0;
    for (size_t i = 0; i < f->n_hunks; i++) {
        const sc_patch_hunk *h = &f->hunks[i];
        int64_t old_n = 0, new_n = 0;
        sc_patch_cursor c = sc_patch_lines(h);
        for (sc_patch_line l; sc_patch_next(&c, &l);) {
            old_n += l.kind != '+';
            new_n += l.kind != '-';
            added += l.kind == '+';
            removed += l.kind == '-';
        }
        if (old_n != h->old_n || new_n != h->new_n) abort();
    }
    if (added != f->added || removed != f->removed) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const sc_str globs[] = {SC_STR("src/**"), SC_STR("[!a]*"), SC_STR("x/")};
    const sc_patch_limits limits = {
        .allow = globs, .n_allow = 2, .deny = &globs[2], .n_deny = 1, .max_files = 2};
    sc_arena arena;
    sc_arena_init(&arena, 16 << 20);
    sc_patch p;
    sc_err err;
    sc_patch_findings found;
    sc_str text = {(const char *)data, size};
    if (sc_patch_parse(text, &arena, &p, &err) == SC_OK) {
        size_t covered = 0;
        for (size_t i = 0; i < p.n_files; i++) {
            const sc_patch_file *f = &p.files[i];
            if (!f->path.n || memchr(f->path.p, 0, f->path.n)) abort();
            if ((f->op != SC_PATCH_ADD) != (f->old_mode != 0) ||
                (f->op != SC_PATCH_DELETE) != (f->new_mode != 0))
                abort();
            covered += f->bytes;
            check_hunks(f);
        }
        if (covered != size) abort();
        if (sc_patch_check(&p, size, &limits, &arena, &found, &err) == SC_OK &&
            (found.n > found.all || found.n > SC_PATCH_MAX_FINDINGS))
            abort();
    }
    sc_arena_done(&arena);
    return 0;
}
