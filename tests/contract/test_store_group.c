/* Every backend keeps the port's word: steps of grouping and what they leave. */
#include "store_fixture.h"

#include <math.h>

/* ---- Hostile first ------------------------------------------------------------------------------ */

static void a_step_on_an_old_version_is_a_conflict_and_writes_nothing(void **state) {
    sc_fx *f = *state;
    int64_t seqs[2], version;
    sc_cluster got;
    fx_put_n(f, &f->a, 2, seqs);
    fx_group(f, &f->a, seqs, 1);
    sc_cluster k = fx_cluster(f, &f->a, "late");
    sc_assign as = {seqs[1], k.id, SC_STR("r")};
    sc_group_write w = fx_step(f, &f->a);
    w.clusters = &k;
    w.n_clusters = 1;
    w.assigns = &as;
    w.n_assigns = 1;
    w.expect_version--;
    fx_rc(f, f->ops->group_write(f->s, &w, &version, &f->err), SC_CONFLICT);
    w.expect_version += 2;
    fx_rc(f, f->ops->group_write(f->s, &w, &version, &f->err), SC_CONFLICT);
    fx_rc(f, f->ops->cluster_get(f->s, &f->a, &k.id, &f->arena, &got, &f->err), SC_NOT_FOUND);
    assert_int_equal(fx_version(f, &f->a), 1);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

static void a_step_with_one_bad_part_writes_nothing_at_all(void **state) {
    sc_fx *f = *state;
    int64_t seqs[1], foreign, version;
    fx_put_n(f, &f->a, 1, seqs);
    fx_put_n(f, &f->b, 1, &foreign);
    sc_cluster k = fx_cluster(f, &f->a, "k"), got;
    sc_id unknown = fx_id(f);
    sc_event e = {.kind = SC_STR("x"), .data = SC_STR("{}"), .at_ms = T0};
    int64_t last;
    for (int i = 0; i < 6; i++) {
        sc_assign as[2] = {{seqs[0], k.id, SC_STR("r")}, {seqs[0], k.id, SC_STR("r")}};
        sc_decision d = {.feedback_seq = seqs[0], .cluster_id = k.id, .reason = SC_REASON_first};
        sc_correction r = {.id = fx_id(f),
                           .action_id = fx_id(f),
                           .kind = SC_CORRECTION_pin,
                           .feedback_seq = seqs[0],
                           .cluster_id = k.id};
        sc_group_write w = fx_step(f, &f->a);
        w.assigns = as;
        w.n_assigns = 2;
        w.clusters = &k;
        w.n_clusters = 1;
        w.decisions = &d;
        w.n_decisions = 1;
        w.corrections = &r;
        w.n_corrections = 1;
        w.events = &e;
        w.n_events = 1;
        if (i == 0) as[1].seq = foreign;
        if (i == 1) as[1].seq = 424242;
        if (i == 2) as[1].cluster_id = unknown;
        if (i == 3) d.feedback_seq = foreign;
        if (i == 4) r.cluster_id = unknown;
        if (i == 5) w.undo_action = unknown;
        fx_rc(f, f->ops->group_write(f->s, &w, &version, &f->err), SC_NOT_FOUND);
        fx_rc(f, f->ops->cluster_get(f->s, &f->a, &k.id, &f->arena, &got, &f->err), SC_NOT_FOUND);
    }
    assert_int_equal(fx_version(f, &f->a), 0);
    fx_ok(f, f->ops->last_event(f->s, &last, &f->err));
    assert_int_equal(last, 0);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

static void a_step_of_a_job_that_lost_its_lease_is_fenced(void **state) {
    sc_fx *f = *state;
    int64_t version;
    sc_job job = fx_job(f, &f->a, "g", ""), one, two;
    fx_enqueue(f, &job);
    fx_ok(f, fx_claim(f, "g", T0, &one));
    fx_ok(f, fx_claim(f, "g", T0 + 5000, &two));
    assert_true(two.fence > one.fence);
    sc_group_write w = fx_step(f, &f->a);
    w.job_id = one.id;
    w.job_fence = one.fence;
    fx_rc(f, f->ops->group_write(f->s, &w, &version, &f->err), SC_FENCED);
    w.job_id = fx_id(f);
    fx_rc(f, f->ops->group_write(f->s, &w, &version, &f->err), SC_FENCED);
    w.job_id = two.id;
    w.job_fence = two.fence;
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    assert_int_equal(version, 1);
    fx_ok(f, fx_end(f, &two, SC_JOB_EV_FINISH, T0 + 5000));
    w.expect_version = 1;
    fx_rc(f, f->ops->group_write(f->s, &w, &version, &f->err), SC_FENCED);
}

static void an_issue_of_another_project_is_not_found_nor_replaced(void **state) {
    sc_fx *f = *state;
    int64_t seq, version;
    fx_put_n(f, &f->a, 1, &seq);
    sc_id id = fx_group(f, &f->a, &seq, 1);
    sc_cluster k;
    fx_rc(f, f->ops->cluster_get(f->s, &f->b, &id, &f->arena, &k, &f->err), SC_NOT_FOUND);
    k = fx_cluster(f, &f->b, "stolen");
    k.id = id;
    sc_group_write w = fx_step(f, &f->b);
    w.clusters = &k;
    w.n_clusters = 1;
    fx_rc(f, f->ops->group_write(f->s, &w, &version, &f->err), SC_NOT_FOUND);
    sc_id nobody = fx_id(f);
    w.project_id = nobody;
    fx_rc(f, f->ops->group_write(f->s, &w, &version, &f->err), SC_NOT_FOUND);
    assert_true(sc_str_is(fx_cluster_get(f, &id).title, "cluster"));
}

static void a_representation_without_a_model_is_refused(void **state) {
    sc_fx *f = *state;
    int64_t seq, version;
    fx_put_n(f, &f->a, 1, &seq);
    sc_assign as = {seq, {{0}}, SC_STR("r")};
    sc_group_write w = fx_step(f, &f->a);
    w.model = NULL;
    w.assigns = &as;
    w.n_assigns = 1;
    fx_rc(f, f->ops->group_write(f->s, &w, &version, &f->err), SC_INVALID);
}

/* ---- Placements ----------------------------------------------------------------------------------- */

typedef struct seen {
    size_t n, stop_at;
    int64_t seqs[64], last;
    sc_id clusters[64];
    size_t repr[64];
} seen;

static bool see(void *self, const sc_stored_item *it) {
    seen *s = self;
    assert_true(it->seq > s->last);
    s->last = it->seq;
    s->seqs[s->n] = it->seq;
    s->clusters[s->n] = it->cluster_id;
    s->repr[s->n++] = it->repr.n;
    return s->n != s->stop_at;
}

static seen look(sc_fx *f, int64_t version, const char *model, int64_t *ret_version) {
    seen s = {.n = 0};
    fx_ok(f, f->ops->items_since(f->s, &f->a, version, model, see, &s, ret_version, &f->err));
    return s;
}

static void followers_see_what_changed_and_from_which_version(void **state) {
    sc_fx *f = *state;
    int64_t seqs[6], v;
    fx_put_n(f, &f->a, 6, seqs);
    seen s = look(f, 0, "m1", &v);
    assert_int_equal(s.n, 0);
    assert_int_equal(v, 0);
    sc_id k1 = fx_group(f, &f->a, seqs, 3);
    sc_id k2 = fx_group(f, &f->a, seqs + 3, 2);
    s = look(f, 0, "m1", &v);
    assert_int_equal(s.n, 5);
    assert_int_equal(v, 2);
    assert_true(sc_id_eq(&s.clusters[0], &k1) && sc_id_eq(&s.clusters[4], &k2));
    assert_int_equal(s.repr[0], 10);
    s = look(f, 1, "m1", &v);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.seqs[0], seqs[3]);
    s = look(f, 0, "another model", &v);
    assert_int_equal(s.n, 5);
    assert_int_equal(s.repr[0], 0);
    s = look(f, 0, NULL, &v);
    assert_int_equal(s.repr[0], 0);
    /* A move leaves the representation; parking tells that it is in none. */
    sc_assign as[2] = {{seqs[0], k2, SC_STR_NONE}, {seqs[1], {{0}}, SC_STR_NONE}};
    sc_group_write w = fx_step(f, &f->a);
    w.assigns = as;
    w.n_assigns = 2;
    fx_ok(f, f->ops->group_write(f->s, &w, &v, &f->err));
    s = look(f, 2, "m1", &v);
    assert_int_equal(s.n, 2);
    assert_int_equal(v, 3);
    assert_true(sc_id_eq(&s.clusters[0], &k2) && s.repr[0] == 10);
    assert_false(sc_id_is_set(&s.clusters[1]));
    seen stop = {.stop_at = 2};
    fx_ok(f, f->ops->items_since(f->s, &f->a, 0, "m1", see, &stop, &v, &f->err));
    assert_int_equal(stop.n, 2);
    fx_ok(f, f->ops->items_since(f->s, &f->b, 0, "m1", see, &stop, &v, &f->err));
    assert_int_equal(stop.n, 2);
    sc_store_stats st;
    fx_ok(f, f->ops->stats(f->s, &f->a, T0, &st, &f->err));
    assert_int_equal(st.parked, 1);
    assert_int_equal(st.pending, 1);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

static void issues_that_changed_are_told_with_their_status(void **state) {
    sc_fx *f = *state;
    int64_t seqs[2], v;
    sc_cluster *l;
    size_t n;
    fx_put_n(f, &f->a, 2, seqs);
    sc_id k1 = fx_group(f, &f->a, &seqs[0], 1);
    fx_group(f, &f->a, &seqs[1], 1);
    fx_ok(f, f->ops->clusters_since(f->s, &f->a, 0, &f->arena, &l, &n, &f->err));
    assert_int_equal(n, 2);
    sc_cluster k = fx_cluster_get(f, &k1);
    k.status = SC_CLUSTER_resolved;
    sc_group_write w = fx_step(f, &f->a);
    w.clusters = &k;
    w.n_clusters = 1;
    fx_ok(f, f->ops->group_write(f->s, &w, &v, &f->err));
    fx_ok(f, f->ops->clusters_since(f->s, &f->a, 2, &f->arena, &l, &n, &f->err));
    assert_int_equal(n, 1);
    assert_true(sc_id_eq(&l[0].id, &k1) && l[0].status == SC_CLUSTER_resolved && l[0].version == 3);
    fx_ok(f, f->ops->clusters_since(f->s, &f->b, 0, &f->arena, &l, &n, &f->err));
    assert_int_equal(n, 0);
}

/* ---- Decisions, corrections, events ----------------------------------------------------------------- */

static void decisions_come_back_oldest_first_with_their_evidence(void **state) {
    sc_fx *f = *state;
    int64_t seq, v;
    sc_decision *l;
    size_t n;
    fx_put_n(f, &f->a, 1, &seq);
    sc_id k = fx_group(f, &f->a, &seq, 1);
    sc_decision d[2] = {
        {.feedback_seq = seq,
         .cluster_id = k,
         .reason = SC_REASON_first,
         .model = SC_STR("m2"),
         .actor = SC_STR("worker"),
         .job_id = fx_id(f),
         .at_ms = T0,
         .shared_terms = SC_STR("[\"a\"]"),
         .evidence = {.probability = 0.75, .mean = NAN, .best = 1, .conflict = true}},
        {.feedback_seq = seq,
         .cluster_id = k,
         .from_id = k,
         .reason = SC_REASON_person_moved,
         .nearest_seq = 7,
         .actor = SC_STR("ann"),
         .at_ms = T0 + 1}};
    sc_group_write w = fx_step(f, &f->a);
    w.decisions = d;
    w.n_decisions = 2;
    fx_ok(f, f->ops->group_write(f->s, &w, &v, &f->err));
    fx_ok(f, f->ops->decisions(f->s, &f->a, seq, &f->arena, &l, &n, &f->err));
    assert_int_equal(n, 2);
    assert_int_equal(l[0].reason, SC_REASON_first);
    assert_true(l[0].evidence.probability == 0.75 && isnan(l[0].evidence.mean));
    assert_true(l[0].evidence.best == 1 && l[0].evidence.conflict && !l[1].evidence.conflict);
    assert_true(sc_str_is(l[0].model, "m2") && sc_str_is(l[0].shared_terms, "[\"a\"]"));
    assert_true(sc_id_eq(&l[0].job_id, &d[0].job_id) && !sc_id_is_set(&l[1].job_id));
    assert_true(sc_id_eq(&l[0].cluster_id, &k) && !sc_id_is_set(&l[0].from_id));
    assert_true(sc_id_eq(&l[1].from_id, &k) && l[1].nearest_seq == 7 && l[1].at_ms == T0 + 1);
    assert_true(sc_str_is(l[1].actor, "ann"));
}

static void corrections_hold_until_their_action_is_undone(void **state) {
    sc_fx *f = *state;
    int64_t seqs[2], v;
    sc_correction *l;
    size_t n;
    fx_put_n(f, &f->a, 2, seqs);
    sc_id k1 = fx_group(f, &f->a, &seqs[0], 1), k2 = fx_group(f, &f->a, &seqs[1], 1);
    sc_id one = fx_id(f), two = fx_id(f);
    sc_correction r[3] = {{.id = fx_id(f),
                           .action_id = one,
                           .kind = SC_CORRECTION_pin,
                           .feedback_seq = seqs[0],
                           .cluster_id = k1,
                           .actor = SC_STR("ann"),
                           .at_ms = T0},
                          {.id = fx_id(f),
                           .action_id = one,
                           .kind = SC_CORRECTION_apart,
                           .cluster_id = k1,
                           .other_id = k2,
                           .actor = SC_STR("ann"),
                           .at_ms = T0},
                          {.id = fx_id(f),
                           .action_id = two,
                           .kind = SC_CORRECTION_never,
                           .feedback_seq = seqs[1],
                           .cluster_id = k1,
                           .actor = SC_STR("bob"),
                           .at_ms = T0 + 1}};
    sc_group_write w = fx_step(f, &f->a);
    w.corrections = r;
    w.n_corrections = 3;
    fx_ok(f, f->ops->group_write(f->s, &w, &v, &f->err));
    fx_ok(f, f->ops->corrections(f->s, &f->a, &f->arena, &l, &n, &f->err));
    assert_int_equal(n, 3);
    assert_int_equal(l[1].kind, SC_CORRECTION_apart);
    assert_true(sc_id_eq(&l[1].other_id, &k2) && sc_id_eq(&l[0].action_id, &one));
    assert_true(l[0].feedback_seq == seqs[0] && sc_str_is(l[2].actor, "bob"));
    sc_group_write undo = fx_step(f, &f->b);
    undo.undo_action = one; /* not b's */
    fx_rc(f, f->ops->group_write(f->s, &undo, &v, &f->err), SC_NOT_FOUND);
    undo = fx_step(f, &f->a);
    undo.undo_action = one;
    fx_ok(f, f->ops->group_write(f->s, &undo, &v, &f->err));
    fx_ok(f, f->ops->corrections(f->s, &f->a, &f->arena, &l, &n, &f->err));
    assert_int_equal(n, 1);
    assert_true(sc_id_eq(&l[0].action_id, &two));
    undo.expect_version = v;
    fx_rc(f, f->ops->group_write(f->s, &undo, &v, &f->err), SC_NOT_FOUND);
    fx_ok(f, f->ops->corrections(f->s, &f->b, &f->arena, &l, &n, &f->err));
    assert_int_equal(n, 0);
}

static void write_event(sc_fx *f, const sc_id *project, const char *data, int64_t at_ms) {
    int64_t v;
    sc_event e = {.kind = SC_STR("cluster.updated"), .data = sc_str_of(data), .at_ms = at_ms};
    sc_group_write w = fx_step(f, project);
    w.events = &e;
    w.n_events = 1;
    fx_ok(f, f->ops->group_write(f->s, &w, &v, &f->err));
}

static void events_come_in_order_and_their_ids_are_never_used_again(void **state) {
    sc_fx *f = *state;
    sc_event *l;
    size_t n;
    int64_t last, gone;
    fx_ok(f, f->ops->last_event(f->s, &last, &f->err));
    assert_int_equal(last, 0);
    write_event(f, &f->a, "{\"i\":0}", T0);
    write_event(f, &f->b, "{\"i\":1}", T0 + 1);
    write_event(f, &f->a, "{\"i\":2}", T0 + 2);
    fx_ok(f, f->ops->events(f->s, NULL, 0, 100, &f->arena, &l, &n, &f->err));
    assert_int_equal(n, 3);
    assert_true(l[0].id < l[1].id && l[1].id < l[2].id && sc_id_eq(&l[1].project_id, &f->b));
    fx_ok(f, f->ops->events(f->s, &f->a, 0, 100, &f->arena, &l, &n, &f->err));
    assert_int_equal(n, 2);
    assert_true(sc_str_is(l[1].data, "{\"i\":2}") && sc_str_is(l[1].kind, "cluster.updated"));
    fx_ok(f, f->ops->events(f->s, &f->a, l[0].id, 1, &f->arena, &l, &n, &f->err));
    assert_int_equal(n, 1);
    fx_ok(f, f->ops->last_event(f->s, &last, &f->err));
    assert_int_equal(last, l[0].id);
    fx_ok(f, f->ops->prune(f->s, 0, T0 + 2, 1, &gone, &f->err));
    assert_int_equal(gone, 1);
    fx_ok(f, f->ops->prune(f->s, 0, T0 + 2, 9, &gone, &f->err));
    assert_int_equal(gone, 1);
    fx_ok(f, f->ops->prune(f->s, 0, T0 + DAY, 9, &gone, &f->err));
    assert_int_equal(gone, 1);
    fx_reopen(f);
    int64_t kept;
    fx_ok(f, f->ops->last_event(f->s, &kept, &f->err));
    assert_int_equal(kept, last);
    write_event(f, &f->a, "{}", T0 + DAY);
    fx_ok(f, f->ops->last_event(f->s, &kept, &f->err));
    assert_true(kept > last);
}

static void a_removed_report_leaves_nothing_behind(void **state) {
    sc_fx *f = *state;
    int64_t seqs[3], version;
    fx_put_n(f, &f->a, 3, seqs);
    sc_id k = fx_group(f, &f->a, seqs, 2), foreign_project = f->b;
    sc_feedback_list list;
    sc_feedback_filter filter = {.project_id = f->a, .seqs = seqs, .n_seqs = 3, .by_seqs = true};
    sc_page page = {.limit = 10};
    fx_ok(f, f->ops->feedback_list(f->s, &filter, &page, &f->arena, &list, &f->err));
    const sc_feedback victim = list.items[1], waiting = list.items[2];
    sc_correction pin = {.id = fx_id(f),
                         .action_id = fx_id(f),
                         .kind = SC_CORRECTION_pin,
                         .feedback_seq = seqs[1],
                         .cluster_id = k,
                         .at_ms = f->clock_ms};
    sc_decision d = {.feedback_seq = seqs[1], .cluster_id = k, .reason = SC_REASON_first};
    sc_group_write w = fx_step(f, &f->a);
    w.corrections = &pin;
    w.n_corrections = 1;
    w.decisions = &d;
    w.n_decisions = 1;
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    sc_group_write other = fx_step(f, &foreign_project);
    other.removed = &seqs[1];
    other.n_removed = 1;
    fx_rc(f, f->ops->group_write(f->s, &other, &version, &f->err), SC_NOT_FOUND);
    w = fx_step(f, &f->a);
    w.removed = &seqs[1];
    w.n_removed = 2; /* a grouped one and one that waits */
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
    fx_reopen(f);
    sc_feedback got;
    fx_rc(f, f->ops->feedback_get(f->s, &f->a, &victim.id, &f->arena, &got, &f->err), SC_NOT_FOUND);
    fx_rc(f, f->ops->feedback_get(f->s, &f->a, &waiting.id, &f->arena, &got, &f->err),
          SC_NOT_FOUND);
    fx_ok(f, f->ops->feedback_list(f->s, &filter, &page, &f->arena, &list, &f->err));
    assert_int_equal(list.n, 1);
    sc_correction *corrections;
    sc_decision *decisions;
    sc_store_stats stats;
    size_t n;
    fx_ok(f, f->ops->corrections(f->s, &f->a, &f->arena, &corrections, &n, &f->err));
    assert_int_equal(n, 0);
    fx_rc(f, f->ops->decisions(f->s, &f->a, seqs[1], &f->arena, &decisions, &n, &f->err),
          SC_NOT_FOUND);
    fx_ok(f, f->ops->stats(f->s, &f->a, f->clock_ms, &stats, &f->err));
    assert_int_equal(stats.feedback, 1);
    assert_int_equal(stats.pending, 0);
    fx_rc(f, f->ops->group_write(f->s, &w, &version, &f->err), SC_CONFLICT);
    w.expect_version = fx_version(f, &f->a);
    fx_rc(f, f->ops->group_write(f->s, &w, &version, &f->err), SC_NOT_FOUND); /* once */
    /* The sender's id is free again, and the number is not given twice. */
    sc_feedback again = fx_feedback(f, &f->a);
    again.external_id = victim.external_id;
    again.source = victim.source;
    sc_put_result r = fx_put(f, &again);
    assert_int_equal(r.status, SC_PUT_NEW);
    assert_true(r.seq > seqs[2]);
}

typedef struct seen_items {
    size_t n, in_none;
} seen_items;

static bool count_item(void *self, const sc_stored_item *item) {
    seen_items *s = self;
    s->n++;
    s->in_none += !sc_id_is_set(&item->cluster_id) && !item->repr.n;
    return true;
}

static void followers_learn_that_a_report_was_removed(void **state) {
    sc_fx *f = *state;
    int64_t seqs[2], version, before = 0;
    seen_items all = {0};
    fx_put_n(f, &f->a, 2, seqs);
    fx_group(f, &f->a, seqs, 2);
    fx_ok(f, f->ops->items_since(f->s, &f->a, 0, "m1", count_item, &all, &before, &f->err));
    assert_true(all.n == 2 && all.in_none == 0);
    sc_group_write w = fx_step(f, &f->a);
    w.removed = &seqs[0];
    w.n_removed = 1;
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    all = (seen_items){0};
    fx_ok(f, f->ops->items_since(f->s, &f->a, before, "m1", count_item, &all, &before, &f->err));
    assert_true(all.n == 1 && all.in_none == 1);
}

static void a_chart_is_kept_whole_and_told_apart_by_its_version(void **state) {
    sc_fx *f = *state;
    sc_str got;
    int64_t none, first, second, version;
    fx_ok(f, f->ops->chart_get(f->s, &f->a, 0, &f->arena, &got, &none, &f->err));
    assert_true(none == 0 && got.n == 0);
    sc_job job = fx_job(f, &f->a, "chart", "chart:a"), claimed;
    sc_id id;
    const sc_str kind = SC_STR("chart");
    fx_ok(f, f->ops->job_enqueue(f->s, &job, &id, &f->err));
    fx_ok(f, f->ops->job_claim(f->s, &kind, 1, SC_STR("w"), 1000, f->clock_ms, &f->arena, &claimed,
                               &f->err));
    sc_chart_write w = {.project_id = f->a,
                        .job_id = claimed.id,
                        .job_fence = claimed.fence,
                        .chart = {"\0\1\2z", 4},
                        .now_ms = f->clock_ms};
    fx_ok(f, f->ops->chart_put(f->s, &w, &first, &f->err));
    w.chart = SC_STR("other");
    fx_ok(f, f->ops->chart_put(f->s, &w, &second, &f->err));
    assert_true(first && second != first);
    w.job_fence++;
    fx_rc(f, f->ops->chart_put(f->s, &w, &version, &f->err), SC_FENCED);
    fx_reopen(f);
    fx_ok(f, f->ops->chart_get(f->s, &f->a, first, &f->arena, &got, &version, &f->err));
    assert_true(version == second && sc_str_is(got, "other"));
    fx_ok(f, f->ops->chart_get(f->s, &f->a, second, &f->arena, &got, &version, &f->err));
    assert_true(version == second && got.n == 0);
    fx_ok(f, f->ops->chart_get(f->s, &f->b, 0, &f->arena, &got, &version, &f->err));
    assert_int_equal(version, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        fx_test(a_step_on_an_old_version_is_a_conflict_and_writes_nothing),
        fx_test(a_step_with_one_bad_part_writes_nothing_at_all),
        fx_test(a_step_of_a_job_that_lost_its_lease_is_fenced),
        fx_test(an_issue_of_another_project_is_not_found_nor_replaced),
        fx_test(a_representation_without_a_model_is_refused),
        fx_test(followers_see_what_changed_and_from_which_version),
        fx_test(issues_that_changed_are_told_with_their_status),
        fx_test(decisions_come_back_oldest_first_with_their_evidence),
        fx_test(corrections_hold_until_their_action_is_undone),
        fx_test(events_come_in_order_and_their_ids_are_never_used_again),
        fx_test(a_removed_report_leaves_nothing_behind),
        fx_test(followers_learn_that_a_report_was_removed),
        fx_test(a_chart_is_kept_whole_and_told_apart_by_its_version),
    };
    return fx_run(tests);
}
