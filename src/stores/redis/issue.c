/* Issues going out: one, a page, what changed, their names. */
#include <stdlib.h>

#include "stores/redis/issue_row.h"
#include "stores/redis/steps.h"

/* ---- By id --------------------------------------------------------------------------------------- */

/* {facts, row} each; *ret_found[i]. */
static sc_rc fetch(sc_rd *s, const sc_id *project, const sc_id *ids, size_t n, sc_arena *arena,
                   sc_cluster *ret, bool *ret_found, sc_err *err) {
    SC_RD_RUN(r);
    bool nomem = false;
    sc_rd_run_init(&r, 1);
    sc_pack_array(&r.args, n);
    for (size_t i = 0; i < n; i++) sc_pack_id(&r.args, &ids[i]);
    sc_rc rc = sc_rd_ask(s, SC_RD_issue_rows, project, &r, err);
    if (rc) return rc;
    if (sc_unpack_array(&r.body) != n) r.body.bad = true;
    for (size_t i = 0; i < n; i++) {
        ret_found[i] = sc_unpack_array(&r.body) == 2;
        if (!ret_found[i]) continue;
        sc_str facts = sc_unpack_str(&r.body);
        sc_rd_issue_of(facts, sc_unpack_str(&r.body), project, arena, &ret[i], &r.body.bad, &nomem);
    }
    return sc_rd_read_check(&r.body, nomem, err);
}

sc_rc sc_rd_cluster_get(void *self, const sc_id *project, const sc_id *id, sc_arena *arena,
                        sc_cluster *ret, sc_err *err) {
    sc_cluster k;
    bool found = false;
    sc_rc rc = sc_rd_known(self, project, err);
    if (!rc && sc_id_is_set(id)) rc = fetch(self, project, id, 1, arena, &k, &found, err);
    if (rc) return rc;
    if (!found) return sc_fail(err, SC_NOT_FOUND, "no such issue");
    *ret = k;
    return SC_OK;
}

/* ---- What changed -------------------------------------------------------------------------------- */

sc_rc sc_rd_clusters_since(void *self, const sc_id *project, int64_t version, sc_arena *arena,
                           sc_cluster **ret, size_t *ret_n, sc_err *err) {
    SC_RD_RUN(r);
    unsigned sources;
    sc_rc rc = sc_rd_known(self, project, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 1);
    sc_pack_int(&r.args, version);
    rc = sc_rd_ask(self, SC_RD_issues_since, project, &r, err);
    if (rc) return rc;
    size_t n = sc_unpack_array(&r.body);
    sc_cluster *items = sc_arena_take_array(arena, SC_MAX(n, 1u), sizeof *items);
    if (!items) return sc_rd_no_memory(err);
    for (size_t i = 0; i < n; i++) {
        sc_unpack_array(&r.body);
        sc_cluster k = {.project_id = *project, .id = sc_unpack_id(&r.body)};
        sc_rd_issue_facts(sc_unpack_str(&r.body), &k, &sources, &r.body.bad);
        sc_unpack row = sc_unpack_of(sc_unpack_str(&r.body)); /* its beginning */
        row.p += row.p < row.end ? (*row.p == 0xdd ? 5 : 1) : 0;
        k.merged_into = sc_unpack_id(&row);
        items[i] = k;
    }
    rc = sc_rd_read_check(&r.body, false, err);
    if (rc) return rc;
    *ret = items;
    *ret_n = n;
    return SC_OK;
}

/* ---- A page -------------------------------------------------------------------------------------- */

enum {
    CURSOR_IDS = 'i',
    CURSOR_SORT = 'A' /* + sort */,
    SORTS = SC_SORT_CREATED + 1,
    MOST_LOOKED = 20000,
    KEY = SC_RD_TIME + SC_RD_NO,
    BOUND = 1 + KEY + 16,
    CHUNK = 1000,
};

typedef struct list_step {
    sc_rd *s;
    const sc_cluster_filter *f;
    const sc_page *page;
    sc_arena *arena;
    sc_cluster_list *out;
    const char *list;
    char high[BOUND];
    size_t high_n;
} list_step;

/* One issue of a list, with its key in that list. */
typedef sc_rc (*row_fn)(void *self, sc_cursor key, sc_str facts, const sc_id *id, sc_str row,
                        sc_err *err);

/* The next ones below `high`; rows too when asked for. *ret_n: how many came. *ret_more: there may be others. */
static sc_rc some(list_step *l, size_t want, bool count, bool rows, row_fn fn, void *self,
                  size_t *ret_n, bool *ret_more, sc_err *err) {
    SC_RD_RUN(r);
    const sc_cluster_filter *f = l->f;
    bool due = f->due;
    sc_rd_run_init(&r, 12);
    sc_pack_str(&r.args, sc_str_of(l->list));
    sc_pack_str(&r.args, SC_STR("-"));
    sc_pack_str(&r.args, (sc_str){l->high, l->high_n});
    sc_pack_int(&r.args, (int64_t)want);
    sc_pack_int(&r.args, due ? 0 : (int64_t)f->statuses);
    sc_pack_int(&r.args, f->by_source && !due ? (int64_t)f->source : -1);
    sc_pack_int(&r.args, due ? 0 : f->min_count);
    if (f->since_ms && !due)
        sc_pack_time(&r.args, f->since_ms);
    else
        sc_pack_str(&r.args, SC_STR_NONE);
    if (f->until_ms && !due)
        sc_pack_time(&r.args, f->until_ms);
    else
        sc_pack_str(&r.args, SC_STR_NONE);
    sc_pack_int(&r.args, MOST_LOOKED);
    sc_pack_int(&r.args, count);
    sc_pack_int(&r.args, rows);
    sc_rc rc = sc_rd_ask(l->s, SC_RD_issue_list, &f->project_id, &r, err);
    if (rc) return rc;
    int64_t total = sc_unpack_int(&r.body);
    if (count) l->out->total = total;
    sc_str rest = sc_unpack_str(&r.body);
    if (rest.n > sizeof l->high) r.body.bad = true;
    if (rest.n && !r.body.bad) memcpy(l->high, rest.p, l->high_n = rest.n);
    size_t n = sc_unpack_array(&r.body);
    *ret_n = n;
    *ret_more = rest.n || n == want;
    for (size_t i = 0; !rc && i < n; i++) {
        sc_unpack_array(&r.body);
        sc_str key = sc_unpack_str(&r.body), facts = sc_unpack_str(&r.body), id_bytes = SC_STR_NONE;
        sc_id id = sc_unpack_id(&r.body);
        (void)id_bytes;
        if (key.n != KEY) r.body.bad = true;
        sc_str row = sc_unpack_str(&r.body);
        rc = sc_rd_read_check(&r.body, false, err);
        if (rc) return rc;
        const unsigned char *k = (const unsigned char *)key.p;
        rc = fn(self, (sc_cursor){sc_rd_get_time(k), sc_rd_get_no(k + SC_RD_TIME)}, facts, &id, row,
                err);
        if (!rest.n && i + 1 == n) { /* go on below the last one */
            l->high[0] = '(';
            memcpy(l->high + 1, key.p, KEY);
            sc_id_to_bytes(&id, (unsigned char *)l->high + 1 + KEY);
            l->high_n = BOUND;
        }
    }
    return rc ? rc : sc_rd_read_check(&r.body, false, err);
}

typedef struct page_rows {
    list_step *l;
    sc_cursor last;
    bool full; /* there is one more than the page holds */
} page_rows;

static sc_rc add_row(void *self, sc_cursor key, sc_str facts, const sc_id *id, sc_str row,
                     sc_err *err) {
    page_rows *p = self;
    sc_cluster_list *out = p->l->out;
    bool bad = false, nomem = false;
    (void)id;
    if (out->n == p->l->page->limit) {
        p->full = true;
        return SC_OK;
    }
    sc_rd_issue_of(facts, row, &p->l->f->project_id, p->l->arena, &out->items[out->n++], &bad,
                   &nomem);
    p->last = key;
    const sc_unpack u = {.bad = bad};
    return sc_rd_read_check(&u, nomem, err);
}

/* A cursor names the last row by its key, which no other one of the list has. */
static sc_rc begin_at(list_step *l, uint8_t list, sc_err *err) {
    sc_cursor from;
    l->high[0] = '+';
    l->high_n = 1;
    if (!l->page->cursor.n) return SC_OK;
    sc_rc rc = sc_cursor_read(l->page->cursor, list, &l->f->project_id, &from, err);
    if (rc) return rc;
    l->high[0] = '(';
    sc_rd_put_time((unsigned char *)l->high + 1, from.key);
    sc_rd_put_no((unsigned char *)l->high + 1 + SC_RD_TIME, from.seq);
    l->high_n = 1 + KEY;
    return SC_OK;
}

static sc_rc walk(list_step *l, sc_err *err) {
    static const char *const lists[SORTS] = {
        [SC_SORT_RECENT] = "recent", [SC_SORT_SIZE] = "size", [SC_SORT_CREATED] = "created"};
    const uint8_t list = (uint8_t)(CURSOR_SORT + l->f->sort);
    page_rows p = {.l = l};
    size_t n;
    bool first = true, more = true;
    l->list = l->f->due ? "due" : lists[l->f->sort];
    sc_rc rc = l->f->due ? SC_OK : begin_at(l, list, err);
    if (l->f->due) l->high[0] = '+', l->high_n = 1;
    const size_t want = l->page->limit + !l->f->due;
    while (!rc && more && !p.full && l->out->n < want) {
        rc = some(l, want - l->out->n, first && !l->f->due && !l->f->uncounted, true, add_row, &p,
                  &n, &more, err);
        first = false;
    }
    if (rc || !p.full) return rc;
    return sc_cursor_write(list, &l->f->project_id, p.last, l->arena, &l->out->next_cursor, err);
}

/* ---- By trend ------------------------------------------------------------------------------------ */

/* The trend depends on today, so no list is in its order: every living issue of the project is looked at. */
typedef struct scored {
    int64_t score, seq;
    sc_id id;
} scored;

typedef struct trend_rows {
    scored *v;
    size_t n, cap;
    int64_t today;
} trend_rows;

static sc_rc add_score(void *self, sc_cursor key, sc_str facts, const sc_id *id, sc_str row,
                       sc_err *err) {
    trend_rows *t = self;
    sc_cluster k = {.seq = 0};
    unsigned sources;
    bool bad = false;
    (void)key;
    (void)row;
    if (t->n == t->cap) {
        size_t more = t->cap ? 2 * t->cap : 256;
        scored *v = sc_realloc_array(t->v, more, sizeof *v);
        if (!v) return sc_fail(err, SC_NOMEM, "no memory for the issues");
        t->v = v;
        t->cap = more;
    }
    sc_rd_issue_facts(facts, &k, &sources, &bad);
    t->v[t->n++] = (scored){sc_cluster_trend_score(&k, t->today), k.seq, *id};
    const sc_unpack u = {.bad = bad};
    return sc_rd_read_check(&u, false, err);
}

static int highest_first(const void *a, const void *b) {
    const scored *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    return (x->seq < y->seq) - (x->seq > y->seq);
}

static sc_rc hand_out_scored(list_step *l, const trend_rows *t, sc_err *err) {
    const uint8_t list = CURSOR_SORT + SC_SORT_TREND;
    sc_cluster_list *out = l->out;
    sc_cursor below = {INT64_MAX, INT64_MAX};
    size_t at = 0, limit = l->page->limit;
    sc_rc rc = SC_OK;
    if (l->page->cursor.n)
        rc = sc_cursor_read(l->page->cursor, list, &l->f->project_id, &below, err);
    if (rc) return rc;
    while (at < t->n && (t->v[at].score > below.key ||
                         (t->v[at].score == below.key && t->v[at].seq >= below.seq)))
        at++;
    size_t n = SC_MIN(limit, t->n - at);
    if (!n) return SC_OK;
    sc_id *ids = sc_arena_take_array(l->arena, n, sizeof *ids);
    bool *found = sc_arena_take_array(l->arena, n, sizeof *found);
    if (!ids || !found) return sc_rd_no_memory(err);
    for (size_t i = 0; i < n; i++) ids[i] = t->v[at + i].id;
    rc = fetch(l->s, &l->f->project_id, ids, n, l->arena, out->items, found, err);
    for (size_t i = 0; !rc && i < n; i++)
        if (!found[i]) rc = sc_fail(err, SC_STORE, "an issue is listed that is not there");
    if (rc) return rc;
    out->n = n;
    if (at + n == t->n) return SC_OK;
    const scored *last = &t->v[at + n - 1];
    return sc_cursor_write(list, &l->f->project_id, (sc_cursor){last->score, last->seq}, l->arena,
                           &out->next_cursor, err);
}

static sc_rc by_trend(list_step *l, int64_t today, sc_err *err) {
    trend_rows t = {.today = today};
    bool first = true, more = true;
    size_t n;
    sc_rc rc = SC_OK;
    l->list = "recent";
    l->high[0] = '+';
    l->high_n = 1;
    while (!rc && more) {
        rc = some(l, CHUNK, first && !l->f->uncounted, false, add_score, &t, &n, &more, err);
        first = false;
    }
    if (t.n) qsort(t.v, t.n, sizeof *t.v, highest_first);
    if (!rc) rc = hand_out_scored(l, &t, err);
    sc_free(t.v);
    return rc;
}

/* ---- By ids -------------------------------------------------------------------------------------- */

static bool matches(const sc_cluster_filter *f, const sc_cluster *k) {
    return !sc_id_is_set(&k->merged_into) && (!f->statuses || f->statuses >> k->status & 1) &&
           (!f->by_source || k->source_counts[f->source] > 0) && k->count >= f->min_count &&
           (!f->since_ms || k->last_seen_ms >= f->since_ms) &&
           (!f->until_ms || k->last_seen_ms < f->until_ms);
}

/* A place in the caller's list is the cursor. */
static sc_rc by_ids(list_step *l, sc_err *err) {
    sc_cluster_list *out = l->out;
    const sc_cluster_filter *f = l->f;
    sc_cursor from = {0, 0};
    sc_rc rc = SC_OK;
    if (l->page->cursor.n)
        rc = sc_cursor_read(l->page->cursor, CURSOR_IDS, &f->project_id, &from, err);
    size_t at = from.key < 0 ? 0 : (size_t)from.key;
    while (!rc && at < f->n_ids) {
        size_t n = SC_MIN(f->n_ids - at, l->page->limit + 1);
        sc_cluster *rows = sc_arena_take_array(l->arena, n, sizeof *rows);
        bool *found = sc_arena_take_array(l->arena, n, sizeof *found);
        if (!rows || !found) return sc_rd_no_memory(err);
        rc = fetch(l->s, &f->project_id, f->ids + at, n, l->arena, rows, found, err);
        for (size_t i = 0; !rc && i < n; i++, at++) {
            if (!found[i] || !matches(f, &rows[i])) continue;
            if (out->n == l->page->limit)
                return sc_cursor_write(CURSOR_IDS, &f->project_id, (sc_cursor){(int64_t)at, 0},
                                       l->arena, &out->next_cursor, err);
            out->items[out->n++] = rows[i];
        }
    }
    if (!rc && !l->page->cursor.n && !f->uncounted) out->total = (int64_t)out->n;
    return rc;
}

sc_rc sc_rd_cluster_list(void *self, const sc_cluster_filter *f, const sc_page *page,
                         int64_t now_ms, sc_arena *arena, sc_cluster_list *ret, sc_err *err) {
    sc_cluster_list out = {.total = -1};
    list_step l = {.s = self, .f = f, .page = page, .arena = arena, .out = &out};
    sc_rc rc = sc_cursor_check_limit(page->limit, err);
    if (!rc && (unsigned)f->sort >= SORTS)
        rc = sc_fail_field(err, SC_INVALID, "sort", "not one of ours");
    if (!rc && f->by_source && (unsigned)f->source >= SC_SOURCE_COUNT)
        rc = sc_fail_field(err, SC_INVALID, "source", "not one of ours");
    if (!rc) rc = sc_rd_known(self, &f->project_id, err);
    if (rc) return rc;
    size_t room = f->by_ids ? SC_MIN(page->limit, f->n_ids) : page->limit;
    out.items = sc_arena_take_array(arena, SC_MAX(room, 1u), sizeof *out.items);
    if (!out.items) return sc_rd_no_memory(err);
    if (f->by_ids)
        rc = by_ids(&l, err);
    else if (f->sort == SC_SORT_TREND && !f->due)
        rc = by_trend(&l, now_ms / 86400000, err);
    else
        rc = walk(&l, err);
    if (!rc) *ret = out;
    return rc;
}

/* ---- Names --------------------------------------------------------------------------------------- */

typedef struct name_rows {
    list_step *l;
    sc_cluster_name *v;
    size_t n, cap;
} name_rows;

static sc_rc add_name(void *self, sc_cursor key, sc_str facts, const sc_id *id, sc_str row,
                      sc_err *err) {
    name_rows *t = self;
    sc_cluster k = {.seq = 0};
    bool bad = false, nomem = false;
    (void)key;
    t->v = sc_rd_grow(t->l->arena, t->v, t->n, &t->cap, sizeof *t->v);
    if (!t->v) return sc_rd_no_memory(err);
    sc_cluster_name *name = &t->v[t->n++];
    *name = (sc_cluster_name){.id = *id};
    sc_rd_issue_facts(facts, &k, &name->sources, &bad);
    name->status = k.status;
    name->count = k.count;
    sc_unpack u = sc_unpack_of(row);
    sc_unpack_array(&u);
    sc_unpack_id(&u);
    sc_unpack_id(&u);
    name->title = sc_unpack_text(&u, t->l->arena, &nomem);
    u.bad |= bad;
    return sc_rd_read_check(&u, nomem, err);
}

static int by_id(const void *a, const void *b) {
    return strcmp(((const sc_cluster_name *)a)->id.text, ((const sc_cluster_name *)b)->id.text);
}

sc_rc sc_rd_cluster_names(void *self, const sc_id *project, sc_arena *arena, sc_cluster_name **ret,
                          size_t *ret_n, sc_err *err) {
    sc_cluster_list none = {.total = -1};
    bool more = true;
    size_t n;
    sc_rc rc = sc_rd_known(self, project, err);
    if (rc) return rc;
    const sc_cluster_filter all = {.project_id = *project};
    list_step l = {.s = self,
                   .f = &all,
                   .arena = arena,
                   .out = &none,
                   .list = "created",
                   .high = "+",
                   .high_n = 1};
    name_rows t = {.l = &l};
    while (!rc && more) rc = some(&l, CHUNK, false, true, add_name, &t, &n, &more, err);
    if (rc) return rc;
    if (t.n) qsort(t.v, t.n, sizeof *t.v, by_id);
    *ret = t.v;
    *ret_n = t.n;
    return SC_OK;
}
