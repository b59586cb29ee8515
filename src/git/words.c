#include "git/words.h"

/* In this order: the first that a line holds decides. LC_ALL=C, so the words are git's own since years. */
static const struct {
    const char *has;
    sc_rc rc;
} table[] = {
    {"stale info", SC_CONFLICT},
    {"(fetch first)", SC_CONFLICT},
    {"non-fast-forward", SC_CONFLICT},
    {"cannot lock ref", SC_CONFLICT},
    {"reference already exists", SC_CONFLICT},
    {"[remote rejected]", SC_UNPROCESSABLE},
    {"fsck error", SC_UNPROCESSABLE},
    {"invalid path", SC_UNPROCESSABLE},
    {"could not read Username", SC_UNAUTHORIZED},
    {"could not read Password", SC_UNAUTHORIZED},
    {"Authentication failed", SC_UNAUTHORIZED},
    {"returned error: 401", SC_UNAUTHORIZED},
    {"returned error: 403", SC_FORBIDDEN},
    {"dubious ownership", SC_FORBIDDEN}, /* a repository on disk of another user */
    {"returned error: 404", SC_NOT_FOUND},
    {"not found", SC_NOT_FOUND},
    {"couldn't find remote ref", SC_NOT_FOUND},
    {"does not appear to be a git repository", SC_NOT_FOUND},
    {"not a git repository", SC_NOT_FOUND},
    {"returned error: 413", SC_TOO_LARGE},
    {"returned error: 429", SC_LIMITED},
    {"returned error: 301", SC_NOT_FOUND},
    {"redirect", SC_NOT_FOUND},
    {"timed out", SC_TIMEOUT},
    {"Operation too slow", SC_TIMEOUT},
    {"No space left", SC_IO},
};

static bool holds(sc_str line, const char *what) {
    return sc_str_find(line, sc_str_of(what)) != SIZE_MAX;
}

static bool theirs(sc_str line) { return sc_str_starts(line, "remote:"); }

/* The line that says why: a refused branch, else the first fatal or error, else the last one. */
static sc_str telling(sc_str said) {
    sc_str line, best = SC_STR_NONE;
    int rank = 0;
    while (sc_str_next(&said, '\n', &line)) {
        line = sc_str_trim(line);
        int r = !line.n                        ? 0
                : sc_str_starts(line, "! [")   ? 4
                : sc_str_starts(line, "fatal") ? 3
                : sc_str_starts(line, "error") ? 2
                                               : 1;
        if (r > rank || (r == 1 && rank == 1)) best = line;
        rank = SC_MAX(rank, r);
    }
    return best;
}

/* Printable, short, and without the secret should somebody have said it back. */
static void put_clean(sc_buf *b, sc_str words, sc_str secret) {
    if (secret.n && sc_str_find(words, secret) != SIZE_MAX) {
        sc_buf_puts(b, "(not shown: it repeats the token)");
        return;
    }
    words = sc_str_clip(words, 160);
    for (size_t i = 0; i < words.n; i++) {
        unsigned char c = (unsigned char)words.p[i];
        sc_buf_putc(b, c < ' ' || c >= 127 ? '?' : (char)c);
    }
}

sc_rc sc_git_explain(const sc_git_run *r, sc_str said, int exit, sc_err *err) {
    sc_rc rc = r->remote ? SC_UPSTREAM : SC_IO;
    size_t best = SC_LEN(table);
    sc_str rest = said, line;
    while (sc_str_next(&rest, '\n', &line))
        for (size_t i = 0; i < best && !theirs(line); i++)
            if (holds(line, table[i].has)) best = i;
    if (best < SC_LEN(table)) rc = table[best].rc;
    SC_AUTO(sc_buf_done) sc_buf clean;
    sc_buf_init(&clean, 256);
    put_clean(&clean, telling(said), r->remote ? r->remote->token : SC_STR_NONE);
    return clean.n ? sc_fail(err, rc, "git %s: %s", r->what, clean.p)
                   : sc_fail(err, rc, "git %s ended with %d", r->what, exit);
}
