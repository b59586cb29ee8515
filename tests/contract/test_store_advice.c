/* Every backend keeps the port's word: what a language model said, and who is to be asked about. */
#include "store_fixture.h"

static const unsigned char *key_of(unsigned n) {
    static unsigned char key[32];
    memset(key, 0, sizeof key);
    key[0] = (unsigned char)n;
    key[31] = (unsigned char)(n >> 8);
    return key;
}

static sc_str answer(sc_fx *f, unsigned n) {
    sc_str s;
    fx_ok(f, f->ops->answer_get(f->s, key_of(n), &f->arena, &s, &f->err));
    return s;
}

static void put_answer(sc_fx *f, unsigned n, const char *text, int64_t keep) {
    f->clock_ms += 10;
    fx_ok(f, f->ops->answer_put(f->s, key_of(n), sc_str_of(text), f->clock_ms, keep, &f->err));
}

static void answers_are_had_again_and_the_oldest_go(void **state) {
    sc_fx *f = *state;
    assert_int_equal(answer(f, 1).n, 0);
    put_answer(f, 1, "{\"a\":1}", 3);
    put_answer(f, 2, "{\"a\":2}", 3);
    put_answer(f, 3, "{\"a\":3}", 3);
    fx_reopen(f);
    assert_true(sc_str_is(answer(f, 1), "{\"a\":1}"));
    put_answer(f, 1, "{\"a\":9}", 3); /* said anew: the youngest now */
    put_answer(f, 4, "{}", 3);
    assert_int_equal(answer(f, 2).n, 0);
    assert_true(sc_str_is(answer(f, 1), "{\"a\":9}"));
    assert_true(sc_str_is(answer(f, 3), "{\"a\":3}"));
    put_answer(f, 5, "{}", 1);
    assert_int_equal(answer(f, 4).n + answer(f, 3).n + answer(f, 1).n, 0);
    assert_true(sc_str_is(answer(f, 5), "{}"));
}

static sc_rc swap(sc_fx *f, const sc_id *project, const char *was, const char *to) {
    return f->ops->setting_swap(f->s, project, SC_STR("n"), sc_str_of(was), sc_str_of(to),
                                f->clock_ms, &f->err);
}

static void a_setting_is_swapped_only_for_what_was_seen(void **state) {
    sc_fx *f = *state;
    sc_id none = {""};
    sc_str v;
    fx_rc(f, swap(f, &none, "1", "2"), SC_CONFLICT);
    fx_ok(f, swap(f, &none, "", "1"));
    fx_rc(f, swap(f, &none, "", "2"), SC_CONFLICT);
    fx_ok(f, swap(f, &none, "1", "2"));
    fx_ok(f, f->ops->setting_get(f->s, &none, SC_STR("n"), &f->arena, &v, &f->err));
    assert_true(sc_str_is(v, "2"));
    fx_rc(f, swap(f, &f->a, "2", "3"), SC_CONFLICT); /* another project's is another one */
    fx_ok(f, swap(f, &none, "2", ""));
    fx_ok(f, swap(f, &none, "", "1"));
}

/* ---- Pairs ------------------------------------------------------------------------------------- */

static sc_rc suggest(sc_fx *f, const sc_id *project, const sc_id *a, const sc_id *b, double p) {
    int64_t version;
    sc_pair pair = {.a = *a, .b = *b, .probability = p, .at_ms = f->clock_ms};
    sc_group_write w = {.project_id = *project,
                        .expect_version = fx_version(f, project),
                        .suggestions = &pair,
                        .n_suggestions = 1,
                        .now_ms = f->clock_ms};
    return f->ops->group_write(f->s, &w, &version, &f->err);
}

static sc_pair_write verdict(sc_fx *f, const sc_id *a, const sc_id *b, sc_pair_state state) {
    return (sc_pair_write){.project_id = f->a,
                           .pair = {.a = *a,
                                    .b = *b,
                                    .state = state,
                                    .probability = .5,
                                    .a_count = 4,
                                    .b_count = 2,
                                    .model = SC_STR("toy/1"),
                                    .why = SC_STR("other causes"),
                                    .at_ms = f->clock_ms}};
}

static size_t open_pairs(sc_fx *f, const sc_id *project, sc_pair ret[8]) {
    size_t n;
    fx_ok(f, f->ops->pairs_open(f->s, project, 8, &f->arena, ret, &n, &f->err));
    return n;
}

static void group_many(sc_fx *f, sc_id *ret, size_t n) {
    for (size_t i = 0; i < n; i++) {
        int64_t seqs[4];
        fx_put_n(f, &f->a, 4, seqs);
        ret[i] = fx_group(f, &f->a, seqs, 4);
    }
}

static void a_pair_that_cannot_be_is_refused(void **state) {
    sc_fx *f = *state;
    sc_id k[2], none = {""}, alien = fx_id(f);
    sc_pair p;
    group_many(f, k, 2);
    fx_rc(f, suggest(f, &f->a, &k[0], &k[0], .5), SC_INVALID);
    fx_rc(f, suggest(f, &f->a, &k[0], &none, .5), SC_INVALID);
    fx_rc(f, suggest(f, &f->a, &k[0], &alien, .5), SC_NOT_FOUND);
    fx_rc(f, suggest(f, &f->b, &k[0], &k[1], .5), SC_NOT_FOUND);
    fx_rc(f, f->ops->pair_get(f->s, &f->a, &k[0], &k[1], &f->arena, &p, &f->err), SC_NOT_FOUND);
    sc_pair_write w = verdict(f, &k[0], &k[1], SC_PAIR_STATE_COUNT);
    fx_rc(f, f->ops->pair_put(f->s, &w, &f->err), SC_INVALID);
    w = verdict(f, &k[0], &k[1], SC_PAIR_two);
    w.project_id = f->b;
    fx_rc(f, f->ops->pair_put(f->s, &w, &f->err), SC_NOT_FOUND);
    assert_int_equal(open_pairs(f, &f->a, (sc_pair[8]){0}), 0);
}

static void a_worker_that_lost_its_job_stores_no_verdict(void **state) {
    sc_fx *f = *state;
    sc_id k[2];
    sc_pair p;
    group_many(f, k, 2);
    sc_job asked = fx_job(f, &f->a, "judge", ""), job;
    fx_enqueue(f, &asked);
    fx_ok(f, fx_claim(f, "judge", f->clock_ms, &job));
    sc_pair_write w = verdict(f, &k[0], &k[1], SC_PAIR_two);
    w.job_id = job.id;
    w.job_fence = job.fence + 1;
    fx_rc(f, f->ops->pair_put(f->s, &w, &f->err), SC_FENCED);
    fx_rc(f, f->ops->pair_get(f->s, &f->a, &k[0], &k[1], &f->arena, &p, &f->err), SC_NOT_FOUND);
    w.job_fence = job.fence;
    fx_ok(f, f->ops->pair_put(f->s, &w, &f->err));
    fx_ok(f, f->ops->pair_get(f->s, &f->a, &k[1], &k[0], &f->arena, &p, &f->err));
    sc_pair *all;
    size_t n;
    fx_ok(f, f->ops->pair_list(f->s, &f->a, &f->arena, &all, &n, &f->err)); /* judged ones, too */
    assert_int_equal(n, 1);
    assert_true(all[0].state == SC_PAIR_two && sc_id_eq(&all[0].a, &p.a) &&
                all[0].a_count == p.a_count && sc_str_eq(all[0].why, p.why));
    fx_ok(f, f->ops->pair_list(f->s, &f->b, &f->arena, &all, &n, &f->err));
    assert_int_equal(n, 0);
}

static void open_pairs_come_the_likeliest_first_and_once(void **state) {
    sc_fx *f = *state;
    sc_id k[3];
    sc_pair p[8];
    group_many(f, k, 3);
    fx_ok(f, suggest(f, &f->a, &k[0], &k[1], .4));
    fx_ok(f, suggest(f, &f->a, &k[2], &k[1], .6));
    fx_ok(f, suggest(f, &f->a, &k[1], &k[0], .45)); /* the same, measured anew */
    assert_int_equal(open_pairs(f, &f->a, p), 2);
    assert_true(p[0].probability == .6 && p[1].probability == .45);
    assert_true(sc_id_eq(&p[1].a, &k[0]) && sc_id_eq(&p[1].b, &k[1]));
    assert_true(p[0].state == SC_PAIR_open && p[0].at_ms == f->clock_ms && !p[0].model.n);
    sc_pair_write drop = verdict(f, &k[0], &k[1], SC_PAIR_open);
    drop.drop = true;
    fx_ok(f, f->ops->pair_put(f->s, &drop, &f->err));
    fx_ok(f, f->ops->pair_put(f->s, &drop, &f->err)); /* gone is gone */
    assert_int_equal(open_pairs(f, &f->a, p), 1);
    assert_int_equal(open_pairs(f, &f->b, p), 0);
}

static void grow(sc_fx *f, const sc_id *id, int64_t count) {
    sc_cluster k;
    int64_t version;
    fx_ok(f, f->ops->cluster_get(f->s, &f->a, id, &f->arena, &k, &f->err));
    k.count = count;
    sc_group_write w = {.project_id = f->a,
                        .expect_version = fx_version(f, &f->a),
                        .clusters = &k,
                        .n_clusters = 1,
                        .now_ms = f->clock_ms};
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
}

static void two_is_remembered_until_one_has_grown_by_half(void **state) {
    sc_fx *f = *state;
    sc_id k[2];
    sc_pair p[8];
    group_many(f, k, 2);
    fx_ok(f, suggest(f, &f->a, &k[0], &k[1], .5));
    sc_pair_write w = verdict(f, &k[1], &k[0], SC_PAIR_two); /* 4 of k[1], 2 of k[0] */
    w.pair.b_count = 4;
    fx_ok(f, f->ops->pair_put(f->s, &w, &f->err));
    fx_ok(f, suggest(f, &f->a, &k[0], &k[1], .5));
    assert_int_equal(open_pairs(f, &f->a, p), 0);
    grow(f, &k[1], 5);
    fx_ok(f, suggest(f, &f->a, &k[0], &k[1], .5));
    assert_int_equal(open_pairs(f, &f->a, p), 0);
    fx_ok(f, f->ops->pair_get(f->s, &f->a, &k[0], &k[1], &f->arena, &p[0], &f->err));
    assert_true(p[0].state == SC_PAIR_two && sc_str_is(p[0].why, "other causes"));
    assert_true(sc_str_is(p[0].model, "toy/1") && p[0].a_count == 4);
    grow(f, &k[1], 6);
    fx_ok(f, suggest(f, &f->a, &k[0], &k[1], .5));
    assert_int_equal(open_pairs(f, &f->a, p), 1);
}

static void counts_belong_to_their_issue_whichever_comes_first(void **state) {
    sc_fx *f = *state;
    sc_id k[2];
    sc_pair p;
    group_many(f, k, 2);
    sc_pair_write w = verdict(f, &k[1], &k[0], SC_PAIR_two);
    fx_ok(f, f->ops->pair_put(f->s, &w, &f->err));
    fx_ok(f, f->ops->pair_get(f->s, &f->a, &k[0], &k[1], &f->arena, &p, &f->err));
    assert_true(p.a_count == (sc_id_eq(&p.a, &k[1]) ? 4 : 2));
    assert_true(p.b_count == (sc_id_eq(&p.a, &k[1]) ? 2 : 4));
}

static void one_is_never_asked_again(void **state) {
    sc_fx *f = *state;
    sc_id k[2];
    group_many(f, k, 2);
    sc_pair_write w = verdict(f, &k[0], &k[1], SC_PAIR_one);
    fx_ok(f, f->ops->pair_put(f->s, &w, &f->err));
    grow(f, &k[0], 400);
    fx_ok(f, suggest(f, &f->a, &k[0], &k[1], .9));
    assert_int_equal(open_pairs(f, &f->a, (sc_pair[8]){0}), 0);
}

/* ---- Clusters ---------------------------------------------------------------------------------- */

static void clusters_that_are_due_come_last_seen_first(void **state) {
    sc_fx *f = *state;
    sc_id k[3];
    group_many(f, k, 3);
    for (size_t i = 0; i < 3; i++) {
        sc_cluster c;
        int64_t version;
        fx_ok(f, f->ops->cluster_get(f->s, &f->a, &k[i], &f->arena, &c, &f->err));
        assert_true(!c.due && !c.told && !c.title_told && !c.summary_told);
        c.due = i != 1;
        c.told = 7;
        c.title_told = i == 0;
        c.summary_told = true;
        c.last_seen_ms = T0 + (int64_t)i;
        sc_group_write w = {.project_id = f->a,
                            .expect_version = fx_version(f, &f->a),
                            .clusters = &c,
                            .n_clusters = 1,
                            .now_ms = f->clock_ms};
        fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    }
    sc_cluster_filter due = {.project_id = f->a, .due = true};
    sc_page page = {.limit = 5};
    sc_cluster_list list;
    fx_ok(f, f->ops->cluster_list(f->s, &due, &page, T0, &f->arena, &list, &f->err));
    assert_int_equal(list.n, 2);
    assert_true(sc_id_eq(&list.items[0].id, &k[2]) && sc_id_eq(&list.items[1].id, &k[0]));
    assert_true(list.items[1].title_told && !list.items[0].title_told);
    assert_true(list.items[1].summary_told && list.items[1].told == 7);
    page.limit = 1;
    fx_ok(f, f->ops->cluster_list(f->s, &due, &page, T0, &f->arena, &list, &f->err));
    assert_true(list.n == 1 && list.next_cursor.n == 0);
    due.project_id = f->b;
    fx_ok(f, f->ops->cluster_list(f->s, &due, &page, T0, &f->arena, &list, &f->err));
    assert_int_equal(list.n, 0);
}

static void a_decision_keeps_its_note(void **state) {
    sc_fx *f = *state;
    int64_t seq, version;
    sc_decision *got;
    size_t n;
    fx_put_n(f, &f->a, 1, &seq);
    sc_id k = fx_group(f, &f->a, &seq, 1);
    sc_decision d = {.feedback_seq = seq,
                     .cluster_id = k,
                     .reason = SC_REASON_llm_merged,
                     .model = SC_STR("m1"),
                     .note = SC_STR("one cause"),
                     .actor = SC_STR("llm:toy/1")};
    sc_group_write w = {.project_id = f->a,
                        .expect_version = fx_version(f, &f->a),
                        .decisions = &d,
                        .n_decisions = 1,
                        .now_ms = f->clock_ms};
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    fx_ok(f, f->ops->decisions(f->s, &f->a, seq, &f->arena, &got, &n, &f->err));
    assert_true(n == 1 && sc_str_is(got[0].note, "one cause"));
    assert_int_equal(got[0].reason, SC_REASON_llm_merged);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        fx_test(a_pair_that_cannot_be_is_refused),
        fx_test(a_worker_that_lost_its_job_stores_no_verdict),
        fx_test(answers_are_had_again_and_the_oldest_go),
        fx_test(a_setting_is_swapped_only_for_what_was_seen),
        fx_test(open_pairs_come_the_likeliest_first_and_once),
        fx_test(two_is_remembered_until_one_has_grown_by_half),
        fx_test(counts_belong_to_their_issue_whichever_comes_first),
        fx_test(one_is_never_asked_again),
        fx_test(clusters_that_are_due_come_last_seen_first),
        fx_test(a_decision_keeps_its_note),
    };
    return fx_run(tests);
}
