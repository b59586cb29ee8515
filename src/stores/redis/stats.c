/* Counters, read. */
#include "stores/redis/steps.h"

enum { NAME_DIGITS = 2 };

/* "s3" -> 3 where the letter is that and the number below `count`; else -1. */
static int index_of(sc_str name, char letter, int count) {
    int64_t v;
    if (name.n < 2 || name.n > 1 + NAME_DIGITS || name.p[0] != letter) return -1;
    return sc_num_i64((sc_str){name.p + 1, name.n - 1}, 0, count - 1, &v, NULL) ? -1 : (int)v;
}

static void add_counter(sc_store_stats *s, sc_str name, int64_t n) {
    int at;
    if ((at = index_of(name, 's', SC_SOURCE_COUNT)) >= 0) {
        s->by_source[at] += n;
    } else if ((at = index_of(name, 'k', SC_CLUSTER_STATUS_COUNT)) >= 0) {
        s->by_status[at] += n;
        s->clusters += n;
    } else if ((at = index_of(name, 'l', SC_SOURCE_COUNT)) >= 0) {
        s->by_source_last_ms[at] = SC_MAX(s->by_source_last_ms[at], n);
    } else if ((at = index_of(name, 'f', SC_FEEDBACK_STATE_COUNT)) >= 0) {
        if (at == SC_FEEDBACK_pending) s->pending += n;
        if (at == SC_FEEDBACK_parked) s->parked += n;
    } else if (sc_str_is(name, "all")) {
        s->feedback += n;
    } else if (sc_str_is(name, "first")) {
        if (n && (!s->first_ms || n < s->first_ms)) s->first_ms = n;
    } else if (sc_str_is(name, "last")) {
        s->last_ms = SC_MAX(s->last_ms, n);
    }
}

static sc_rc add_project(sc_rd *store, const sc_id *project, int64_t now_ms, sc_store_stats *s,
                         sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 2);
    sc_pack_int(&r.args, now_ms);
    sc_pack_int(&r.args, SC_SOURCE_COUNT);
    sc_rc rc = sc_rd_ask(store, SC_RD_stats, project, &r, err);
    if (rc) return rc;
    size_t n = sc_unpack_array(&r.body);
    for (size_t i = 0; i < n; i++) {
        sc_unpack_array(&r.body);
        sc_str name = sc_unpack_str(&r.body);
        add_counter(s, name, sc_unpack_int(&r.body));
    }
    s->last_24h += sc_unpack_int(&r.body);
    if (sc_unpack_array(&r.body) != SC_SOURCE_COUNT) r.body.bad = true;
    for (size_t i = 0; i < SC_SOURCE_COUNT; i++) s->by_source_24h[i] += sc_unpack_int(&r.body);
    return sc_rd_read_check(&r.body, false, err);
}

sc_rc sc_rd_stats(void *self, const sc_id *project, int64_t now_ms, sc_store_stats *ret,
                  sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_store_stats s = {.feedback = 0};
    sc_id *ids = NULL;
    size_t n = 0;
    bool one = project && sc_id_is_set(project);
    sc_arena_init(&arena, 64 << 20);
    sc_rc rc = one ? sc_rd_known(self, project, err) : sc_rd_projects(self, &arena, &ids, &n, err);
    if (!rc && one) rc = add_project(self, project, now_ms, &s, err);
    for (size_t i = 0; !rc && i < n; i++) rc = add_project(self, &ids[i], now_ms, &s, err);
    if (!rc) *ret = s;
    return rc;
}
