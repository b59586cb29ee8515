#include "git/listing.h"

#include "git/run.h"

enum { MAX_LISTING = 256 << 20 };

void sc_git_listing_done(sc_git_listing *l) {
    sc_buf_done(&l->text);
    sc_free(l->v);
    *l = (sc_git_listing){.n = 0};
}

/* "100644 blob 0123...\tpath" */
static bool read_entry(sc_str line, sc_git_entry *e) {
    sc_str mode, kind, id;
    if (!sc_str_next(&line, ' ', &mode) || !sc_str_next(&line, ' ', &kind) ||
        !sc_str_next(&line, '\t', &id))
        return false;
    e->id = sc_git_id_of(id);
    e->path = line;
    for (size_t i = 0; i < mode.n; i++) e->mode = e->mode << 3 | (unsigned)(mode.p[i] - '0');
    return sc_git_id_is_set(&e->id) && line.n && mode.n == 6;
}

static sc_rc split(sc_git_listing *l, sc_err *err) {
    size_t n = 0;
    for (size_t i = 0; i < l->text.n; i++) n += l->text.p[i] == 0;
    l->v = sc_alloc_array(n + 1, sizeof *l->v);
    if (!l->v) return sc_fail(err, SC_NOMEM, "no memory for a commit's files");
    sc_str rest = sc_buf_str(&l->text), line;
    while (l->n < n && sc_str_next(&rest, 0, &line)) {
        sc_git_entry *e = &l->v[l->n];
        if (!read_entry(line, e) || (l->n && sc_str_cmp(e[-1].path, e->path) >= 0))
            return sc_fail(err, SC_UPSTREAM, "git lists a commit's files in no known way");
        l->n++;
    }
    return SC_OK;
}

sc_rc sc_git_listing_read(const sc_git *g, const char *dir, const sc_git_id *commit,
                          sc_git_listing *ret, sc_err *err) {
    *ret = (sc_git_listing){.n = 0};
    sc_buf_init(&ret->text, MAX_LISTING);
    if (!sc_git_id_is_set(commit)) return SC_OK;
    const char *const args[] = {"ls-tree", "-r", "-z", "--full-tree", commit->text, NULL};
    sc_rc rc = sc_git_exec(
        g, &(sc_git_run){.what = "ls-tree", .args = args, .dir = dir, .out = &ret->text}, NULL,
        err);
    return rc ? rc : split(ret, err);
}

/* Compares p with path, or with path + '/'. */
static int against(sc_str p, sc_str path, bool below) {
    int c = memcmp(p.p, path.p, SC_MIN(p.n, path.n));
    if (c) return c;
    if (p.n <= path.n) return p.n < path.n || below ? -1 : 0;
    return below ? (unsigned char)p.p[path.n] - '/' : 1;
}

/* The first entry that is not before it. */
static size_t bound(const sc_git_listing *l, sc_str path, bool below) {
    size_t from = 0, to = l->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (against(l->v[mid].path, path, below) < 0)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

sc_git_entry *sc_git_listing_get(const sc_git_listing *l, sc_str path) {
    size_t i = bound(l, path, false);
    return i < l->n && sc_str_eq(l->v[i].path, path) ? &l->v[i] : NULL;
}

bool sc_git_listing_has_below(const sc_git_listing *l, sc_str path) {
    size_t i = bound(l, path, true);
    return i < l->n && l->v[i].path.n > path.n && against(l->v[i].path, path, true) == 0;
}
