/* Every backend keeps the port's word: the audit log. */
#include "store_fixture.h"

static sc_audit row_of(sc_fx *f, const sc_id *project, const char *actor, const char *action) {
    sc_audit a = {.id = fx_id(f),
                  .at_ms = f->clock_ms++,
                  .key_id = fx_id(f),
                  .actor = sc_str_of(actor),
                  .action = sc_str_of(action),
                  .target = SC_STR("t\xc3\xa4rget"),
                  .before = SC_STR("{\"status\":\"new\"}"),
                  .after = SC_STR("{\"status\":\"resolved\"}"),
                  .asked = SC_STR("{}"),
                  .request_id = SC_STR("req-1")};
    if (project) a.project_id = *project;
    return a;
}

static sc_audit_list list_of(sc_fx *f, sc_audit_filter filter, size_t limit, sc_str cursor) {
    sc_audit_list l;
    sc_page page = {.limit = limit, .cursor = cursor};
    fx_ok(f, f->ops->audit_list(f->s, &filter, &page, &f->arena, &l, &f->err));
    return l;
}

static void a_row_comes_back_as_it_was_put_and_only_once(void **state) {
    sc_fx *f = *state;
    sc_audit a = row_of(f, &f->a, "ann", "patchCluster"),
             bare = {.id = fx_id(f), .action = SC_STR("x")};
    size_t fresh = 7;
    fx_ok(f, f->ops->audit_put(f->s, &a, 1, &fresh, &f->err));
    assert_int_equal(fresh, 1);
    sc_audit again = a;
    again.actor = SC_STR("somebody else");
    fx_ok(f, f->ops->audit_put(f->s, &again, 1, &fresh, &f->err));
    assert_int_equal(fresh, 0);
    fx_ok(f, f->ops->audit_put(f->s, (sc_audit[]){again, bare, bare}, 3, &fresh, &f->err));
    assert_int_equal(fresh, 1); /* the same twice in one call, too */

    fx_reopen(f);
    sc_audit_list l = list_of(f, (sc_audit_filter){.actor = SC_STR_NONE}, 10, SC_STR_NONE);
    assert_int_equal(l.n, 2);
    const sc_audit *got = &l.items[1];
    assert_true(sc_id_eq(&got->id, &a.id) && sc_id_eq(&got->project_id, &f->a) &&
                sc_id_eq(&got->key_id, &a.key_id));
    assert_true(got->at_ms == a.at_ms && sc_str_eq(got->actor, a.actor) &&
                sc_str_eq(got->action, a.action) && sc_str_eq(got->target, a.target));
    assert_true(sc_str_eq(got->before, a.before) && sc_str_eq(got->after, a.after) &&
                sc_str_eq(got->asked, a.asked) && sc_str_eq(got->request_id, a.request_id));
    assert_true(!sc_id_is_set(&l.items[0].project_id) && !sc_id_is_set(&l.items[0].key_id));
    assert_true(l.items[0].before.n == 0 && l.items[0].seq > got->seq);
}

static void what_is_no_row_is_refused_and_all_of_it(void **state) {
    sc_fx *f = *state;
    sc_id nobody = fx_id(f);
    size_t fresh = 7;
    sc_audit rows[] = {row_of(f, &f->a, "ann", "x"), row_of(f, &nobody, "ann", "x")};
    fx_rc(f, f->ops->audit_put(f->s, rows, 2, &fresh, &f->err), SC_NOT_FOUND);
    rows[1] = (sc_audit){.action = SC_STR("x")};
    fx_rc(f, f->ops->audit_put(f->s, rows, 2, &fresh, &f->err), SC_INVALID);
    assert_int_equal(fresh, 7);
    assert_int_equal(list_of(f, (sc_audit_filter){.actor = SC_STR_NONE}, 10, SC_STR_NONE).n, 0);
    sc_audit_list l;
    sc_audit_filter of = {.project_id = nobody};
    sc_page page = {.limit = 10};
    fx_rc(f, f->ops->audit_list(f->s, &of, &page, &f->arena, &l, &f->err), SC_NOT_FOUND);
    page.cursor = SC_STR("nonsense");
    fx_rc(f,
          f->ops->audit_list(f->s, &(sc_audit_filter){.actor = SC_STR_NONE}, &page, &f->arena, &l,
                             &f->err),
          SC_INVALID);
    page = (sc_page){.limit = 0};
    fx_rc(f,
          f->ops->audit_list(f->s, &(sc_audit_filter){.actor = SC_STR_NONE}, &page, &f->arena, &l,
                             &f->err),
          SC_INVALID);
}

static void pages_are_whole_and_filters_hold(void **state) {
    sc_fx *f = *state;
    enum { N = 450 };
    sc_audit rows[N];
    for (int i = 0; i < N; i++)
        rows[i] = row_of(f,
                         i % 3 == 0   ? &f->a
                         : i % 3 == 1 ? &f->b
                                      : NULL,
                         i % 2 ? "ann" : "bob", i % 50 ? "patchCluster" : "createKey");
    size_t fresh;
    fx_ok(f, f->ops->audit_put(f->s, rows, N, &fresh, &f->err));
    assert_int_equal(fresh, N);
    sc_str cursor = SC_STR_NONE;
    int64_t last = INT64_MAX;
    size_t n = 0;
    do {
        sc_audit_list l = list_of(f, (sc_audit_filter){.project_id = f->a}, 7, cursor);
        for (size_t i = 0; i < l.n; i++, n++) {
            assert_true(l.items[i].seq < last && sc_id_eq(&l.items[i].project_id, &f->a));
            last = l.items[i].seq;
        }
        cursor = l.next_cursor;
    } while (cursor.n);
    assert_int_equal(n, N / 3);
    /* Few match, and lie far apart. */
    sc_audit_list l =
        list_of(f, (sc_audit_filter){.action = SC_STR("createKey")}, 100, SC_STR_NONE);
    assert_int_equal(l.n, 9);
    assert_int_equal(l.next_cursor.n, 0);
    l = list_of(f, (sc_audit_filter){.actor = SC_STR("ann"), .action = SC_STR("createKey")}, 100,
                SC_STR_NONE);
    assert_int_equal(l.n, 0);
    l = list_of(f, (sc_audit_filter){.project_id = f->b, .actor = SC_STR("bob")}, 1000,
                SC_STR_NONE);
    assert_int_equal(l.n, N / 6);
    l = list_of(f, (sc_audit_filter){.target = SC_STR("other")}, 10, SC_STR_NONE);
    assert_int_equal(l.n, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        fx_test(a_row_comes_back_as_it_was_put_and_only_once),
        fx_test(what_is_no_row_is_refused_and_all_of_it),
        fx_test(pages_are_whole_and_filters_hold),
    };
    return fx_run(tests);
}
