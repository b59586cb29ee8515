#include "app/cleanup.h"

#include <stdio.h>

#include "app/describe.h"
#include "app/internal.h"

enum { SCRATCH_BYTES = 128 << 20 };

bool sc_cleanup_is_sure(const sc_cleanup_item *item) {
    const double p = item->found.evidence.probability;
    return item->found.kind == SC_REVIEW_MERGE ? p >= 0.5 : p < 0.5;
}

/* ---- Listing -------------------------------------------------------------------------------------- */

static void name_it(const sc_review_item *x, char ret[SC_CLEANUP_ID]) {
    if (x->kind == SC_REVIEW_MERGE)
        snprintf(ret, SC_CLEANUP_ID, "merge:%s:%s", x->cluster.text, x->other.text);
    else
        snprintf(ret, SC_CLEANUP_ID, "split:%s:%016llx", x->cluster.text,
                 (unsigned long long)x->id);
}

/* Title of an issue; SC_NOT_FOUND when it is gone, or was merged away, since it was looked at. */
static sc_rc title_of(sc_app *app, const sc_id *project, const sc_id *id, sc_arena *arena,
                      sc_str *ret, sc_err *err) {
    sc_cluster c;
    sc_rc rc = STORE(app)->cluster_get(SELF(app), project, id, arena, &c, err);
    if (!rc && sc_id_is_set(&c.merged_into))
        rc = sc_fail(err, SC_NOT_FOUND, "the issue was merged away");
    if (!rc) *ret = c.title;
    return rc;
}

static const char *plural(size_t n) { return n == 1 ? "" : "s"; }

static sc_rc put_words(sc_cleanup_item *it, sc_arena *arena, sc_err *err) {
    const sc_review_item *x = &it->found;
    const sc_evidence *e = &x->evidence;
    const char *text =
        x->kind == SC_REVIEW_MERGE
            ? sc_arena_printf(
                  arena,
                  "%zu report%s here and %zu there are alike by %.2f on average, the nearest two "
                  "by %.2f: "
                  "%.0f %% sure that it is one issue%s",
                  x->count, plural(x->count), x->other_count, e->mean, e->best,
                  100 * e->probability,
                  e->conflict ? ", though they name different platforms, versions or error codes"
                              : "")
            : sc_arena_printf(
                  arena,
                  "%zu of %zu reports are alike to the others by %.2f on average only: "
                  "%.0f %% sure that they are about the same%s",
                  x->other_count, x->count, e->mean, 100 * e->probability,
                  e->conflict ? "; they name different platforms, versions or error codes" : "");
    if (!text) return sc_fail(err, SC_NOMEM, "no memory for the suggestions");
    it->words = sc_str_of(text);
    return SC_OK;
}

static bool keep(sc_str text, sc_arena *arena, sc_str *ret) {
    const char *p = sc_arena_copy(arena, text.p ? text.p : "", text.n);
    *ret = (sc_str){p, text.n};
    return p != NULL;
}

/* Id and title of each; whole reports come, and go with `scratch`. */
static sc_rc reports(sc_app *app, const sc_id *project, const int64_t *seqs, size_t n,
                     sc_arena *scratch, sc_arena *arena, sc_cleanup_report *ret,
                     sc_feedback **ret_whole, sc_err *err) {
    sc_rc rc = sc_describe_fetch(app, project, seqs, n, scratch, ret_whole, err);
    for (size_t i = 0; !rc && i < n; i++) {
        ret[i].id = (*ret_whole)[i].id;
        if (!keep((*ret_whole)[i].title, arena, &ret[i].title))
            rc = sc_fail(err, SC_NOMEM, "no memory for the suggestions");
    }
    return rc;
}

static sc_rc fill_reports(sc_app *app, const sc_id *project, sc_arena *scratch, sc_arena *arena,
                          sc_cleanup_item *it, sc_err *err) {
    const sc_review_item *x = &it->found;
    const int64_t seqs[] = {x->here, x->there};
    sc_cleanup_report two[2];
    sc_feedback *whole;
    sc_str shared;
    sc_rc rc = reports(app, project, seqs, 2, scratch, arena, two, &whole, err);
    if (rc) return rc;
    it->here = two[0];
    it->there = two[1];
    const sc_write_item from = {.feedback = whole[0]};
    rc = sc_describe_terms(&from, x->shared, SC_LEN(x->shared), scratch, &shared, err);
    if (rc) return rc;
    it->leaving = sc_arena_take_array(arena, x->n_leaving + 1, sizeof *it->leaving);
    if (!it->leaving || !keep(shared, arena, &it->shared))
        return sc_fail(err, SC_NOMEM, "no memory for the suggestions");
    return x->n_leaving ? reports(app, project, x->leaving, x->n_leaving, scratch, arena,
                                  it->leaving, &whole, err)
                        : SC_OK;
}

static sc_rc fill_verdict(sc_app *app, const sc_id *project, sc_arena *arena, sc_cleanup_item *it,
                          sc_err *err) {
    sc_pair p;
    sc_err none = {0};
    sc_rc rc = STORE(app)->pair_get(SELF(app), project, &it->found.cluster, &it->found.other, arena,
                                    &p, &none);
    if (!rc && p.state == SC_PAIR_two) it->judged = p;
    if (!rc || rc == SC_NOT_FOUND) return SC_OK;
    if (err) *err = none;
    return rc;
}

static sc_rc fill(sc_app *app, const sc_id *project, const sc_review_item *x, sc_arena *arena,
                  sc_cleanup_item *ret, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena scratch;
    sc_arena_init(&scratch, SCRATCH_BYTES);
    *ret = (sc_cleanup_item){.found = *x};
    name_it(x, ret->id);
    sc_str title, other = SC_STR("");
    sc_rc rc = title_of(app, project, &x->cluster, &scratch, &title, err);
    if (!rc && x->kind == SC_REVIEW_MERGE)
        rc = title_of(app, project, &x->other, &scratch, &other, err);
    if (!rc && (!keep(title, arena, &ret->title) || !keep(other, arena, &ret->other_title)))
        rc = sc_fail(err, SC_NOMEM, "no memory for the suggestions");
    if (!rc) rc = fill_reports(app, project, &scratch, arena, ret, err);
    if (!rc && x->kind == SC_REVIEW_MERGE) rc = fill_verdict(app, project, arena, ret, err);
    return rc ? rc : put_words(ret, arena, err);
}

sc_rc sc_cleanup_list(sc_app *app, const sc_id *project, const sc_cleanup_ask *ask, sc_arena *arena,
                      sc_cleanup *ret, sc_err *err) {
    sc_space *s;
    sc_review page;
    sc_store_stats stats;
    *ret = (sc_cleanup){.n = 0};
    sc_rc rc = STORE(app)->stats(SELF(app), project, sc_now_ms(app->conf.clock), &stats, err);
    if (!rc) rc = sc_space_get(app, project, &s, err);
    if (rc) return rc;
    pthread_rwlock_rdlock(&s->lock);
    rc = sc_id_is_set(&ask->of)
             ? sc_review_one(s->engine, &ask->of, arena, &page, err)
             : sc_review_page(s->engine, &ask->after, ask->most, arena, &page, err);
    if (!rc) sc_review_count(s->engine, &ret->sizes);
    pthread_rwlock_unlock(&s->lock);
    if (rc) return rc;
    ret->next = page.next;
    ret->looked = page.looked;
    ret->pending = stats.pending;
    ret->items = sc_arena_take_array(arena, page.n + 1, sizeof *ret->items);
    if (!ret->items) return sc_fail(err, SC_NOMEM, "no memory for the suggestions");
    for (size_t i = 0; i < page.n; i++) {
        sc_err gone = {0};
        rc = fill(app, project, &page.items[i], arena, &ret->items[ret->n], &gone);
        if (!rc) ret->n++;
        if (rc && rc != SC_NOT_FOUND) {
            if (err) *err = gone;
            return rc;
        }
    }
    return SC_OK;
}

/* ---- Applying ------------------------------------------------------------------------------------- */

typedef struct asked {
    sc_review_kind kind;
    sc_id cluster, other;
    sc_str mark; /* of a split */
} asked;

static bool parse(sc_str id, asked *ret) {
    sc_str kind, first, rest = id;
    if (!sc_str_next(&rest, ':', &kind) || !sc_str_next(&rest, ':', &first)) return false;
    *ret = (asked){.kind = sc_str_is(kind, "merge") ? SC_REVIEW_MERGE : SC_REVIEW_SPLIT,
                   .cluster = sc_id_of(first)};
    if (!sc_id_is_set(&ret->cluster)) return false;
    if (ret->kind == SC_REVIEW_MERGE) {
        ret->other = sc_id_of(rest);
        return sc_id_is_set(&ret->other);
    }
    ret->mark = rest;
    return sc_str_is(kind, "split") && rest.n == 16;
}

/* The suggestion as it is now; *ret_n = 0 when there is none any more. */
static sc_rc look_again(sc_app *app, const sc_id *project, const asked *a, sc_arena *arena,
                        sc_review_item *ret, size_t *ret_n, sc_err *err) {
    sc_space *s;
    sc_rc rc = sc_space_get(app, project, &s, err);
    *ret_n = 0;
    if (rc) return rc;
    pthread_rwlock_rdlock(&s->lock);
    rc = a->kind == SC_REVIEW_MERGE
             ? sc_review_pair(s->engine, &a->cluster, &a->other, arena, ret, ret_n, err)
             : sc_review_split(s->engine, &a->cluster, arena, ret, ret_n, err);
    pthread_rwlock_unlock(&s->lock);
    if (rc == SC_NOT_FOUND) return SC_OK;
    char mark[20];
    if (!rc && *ret_n && a->kind == SC_REVIEW_SPLIT) {
        snprintf(mark, sizeof mark, "%016llx", (unsigned long long)ret->id);
        *ret_n = sc_str_is(a->mark, mark);
    }
    return rc;
}

static sc_rc do_it(sc_app *app, const sc_id *project, const sc_review_item *x, sc_str actor,
                   sc_triage_result *ret, sc_err *err) {
    if (x->kind == SC_REVIEW_MERGE)
        return sc_triage_merge(app, project, &x->cluster, &x->other, 1, actor, ret, err);
    SC_AUTO(sc_arena_done) sc_arena scratch;
    sc_arena_init(&scratch, SCRATCH_BYTES);
    sc_feedback *list;
    sc_id ids[SC_REVIEW_LEAVING];
    sc_rc rc = sc_describe_fetch(app, project, x->leaving, x->n_leaving, &scratch, &list, err);
    for (size_t i = 0; !rc && i < x->n_leaving; i++) ids[i] = list[i].id;
    return rc ? rc : sc_triage_split(app, project, &x->cluster, ids, x->n_leaving, actor, ret, err);
}

/* The triage's refusals are about this one suggestion; anything else ends the whole. */
static bool is_refusal(sc_rc rc) {
    return rc == SC_NOT_FOUND || rc == SC_CONFLICT || rc == SC_UNPROCESSABLE;
}

static sc_rc apply_one(sc_app *app, const sc_id *project, sc_str actor, sc_arena *arena,
                       sc_cleanup_done *ret, sc_err *err) {
    asked a;
    sc_review_item x;
    size_t n = 0;
    sc_err refused = {0};
    if (!parse(ret->id, &a)) {
        ret->why = SC_STR("this is no id of a suggestion");
        return SC_OK;
    }
    sc_rc rc = look_again(app, project, &a, arena, &x, &n, err);
    if (rc) return rc;
    if (!n) {
        ret->why = SC_STR("this does not suggest itself any more: its issues have changed");
        return SC_OK;
    }
    rc = do_it(app, project, &x, actor, &ret->result, &refused);
    ret->applied = !rc;
    if (!rc) return SC_OK;
    if (!is_refusal(rc)) {
        if (err) *err = refused;
        return rc;
    }
    const char *why = sc_arena_copy(arena, refused.msg, strlen(refused.msg));
    if (!why) return sc_fail(err, SC_NOMEM, "no memory to apply a suggestion");
    ret->why = sc_str_of(why);
    return SC_OK;
}

sc_rc sc_cleanup_apply(sc_app *app, const sc_id *project, const sc_str *ids, size_t n, sc_str actor,
                       sc_arena *arena, sc_cleanup_done *ret, sc_err *err) {
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < n; i++) {
        ret[i] = (sc_cleanup_done){.id = ids[i]};
        rc = apply_one(app, project, actor, arena, &ret[i], err);
    }
    return rc;
}
