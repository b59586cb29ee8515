/* Before a fix: what today cost, whether an open pull request of ours has the same cause, and the policy that starts
 * fixes by itself. */
#include "app/advise.h"
#include "app/fix.h"
#include "app/fix_internal.h"
#include "base/log.h"
#include "patch/patch.h"
#include "text/frames.h"

enum {
    DAY_MS = 24 * 3600 * 1000,
    PAGE = 200,
    REPORTS = 3,
    MAX_FRAMES = 16,
    SYMBOL_BYTES = 5, /* shorter names are in every file */
    ARENA_BYTES = 64 << 20,
};

void sc_fix_books(sc_app *app, const sc_id *project, const sc_fix_settings *s, sc_budget *ret) {
    const double cap = s->max_day_usd * 1e6;
    const sc_budget_use most = {.micro_usd = cap > 0 ? SC_MAX((int64_t)cap, (int64_t)1) : 0};
    sc_budget_init(ret, &app->conf.store, project, "fix.use", &most);
}

static sc_rc spent_today(sc_app *app, const sc_id *project, int64_t now, int64_t *ret_micro_usd,
                         sc_err *err) {
    static const sc_fix_settings any;
    sc_budget books;
    sc_budget_use use;
    sc_fix_books(app, project, &any, &books);
    sc_rc rc = sc_budget_read(&books, now, &use, err);
    if (!rc) *ret_micro_usd = use.micro_usd;
    return rc;
}

sc_rc sc_fix_day_read(sc_app *app, const sc_id *project, sc_fix_day *ret, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    const int64_t now = sc_now_ms(app->conf.clock), midnight = now - now % DAY_MS;
    sc_fix_filter f = {.project_id = *project};
    sc_fix_list list = {0};
    sc_fix_day day = {0};
    bool older = false;
    sc_rc rc = spent_today(app, project, now, &day.micro_usd, err);
    do {
        sc_page page = {.limit = PAGE, .cursor = list.next_cursor};
        if (!rc) rc = STORE(app)->fix_list(SELF(app), &f, &page, &arena, &list, err);
        if (rc) return rc;
        for (size_t i = 0; i < list.n && !older; i++) {
            older = list.items[i].created_at_ms < midnight;
            if (older) continue;
            day.started++;
            day.by_policy += sc_str_is(list.items[i].by, "policy");
        }
    } while (list.next_cursor.n && !older);
    *ret = day;
    return SC_OK;
}

/* ---- The same cause ----------------------------------------------------------------------------- */

/* Line and column: an URL and a drive have colons, too. */
static void without_line_number(sc_str *file) {
    for (;;) {
        size_t n = file->n;
        while (n && file->p[n - 1] >= '0' && file->p[n - 1] <= '9') n--;
        if (n == file->n || !n || file->p[n - 1] != ':') return;
        file->n = n - 1;
    }
}

/* "function (file:line)", as sources give them (core/feedback.h). */
static size_t frames_of_stack(sc_str stack, sc_frame *to, size_t room) {
    sc_str line;
    size_t n = 0;
    while (n < room && sc_str_next(&stack, '\n', &line)) {
        line = sc_str_trim(line);
        size_t open = sc_str_find(line, SC_STR(" ("));
        if (open == SIZE_MAX || !sc_str_ends(line, ")")) continue;
        to[n] =
            (sc_frame){.function = {line.p, open}, .file = {line.p + open + 2, line.n - open - 3}};
        without_line_number(&to[n++].file);
    }
    return n;
}

/* Traces as people paste them, in any of the notations that grouping knows. */
static size_t frames_of_text(sc_str text, sc_frame *to, size_t room) {
    sc_str line;
    size_t n = 0;
    while (n < room && sc_str_next(&text, '\n', &line)) {
        line = sc_str_trim(line);
        for (size_t k = 0; k < sc_frame_kinds_n && line.n; k++) {
            sc_frame f = {.function = SC_STR_NONE};
            if (!sc_frame_kinds[k].match(line, &f)) continue;
            without_line_number(&f.file);
            to[n++] = f;
            break;
        }
    }
    return n;
}

static bool ends_at_folder(sc_str whole, sc_str tail) {
    if (!tail.n || tail.n > whole.n) return false;
    sc_str end = {whole.p + whole.n - tail.n, tail.n};
    return sc_str_eq(end, tail) && (whole.n == tail.n || whole.p[whole.n - tail.n - 1] == '/');
}

static bool touches(const sc_patch_file *f, const sc_frame *frames, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (ends_at_folder(f->path, frames[i].file) || ends_at_folder(frames[i].file, f->path))
            return true;
    for (size_t h = 0; h < f->n_hunks; h++)
        for (size_t i = 0; i < n; i++)
            if (frames[i].function.n >= SYMBOL_BYTES &&
                sc_str_find(f->hunks[h].lines, frames[i].function) != SIZE_MAX)
                return true;
    return false;
}

static sc_rc compare(sc_app *app, const sc_fix *open, const sc_frame *frames, size_t n,
                     sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_str text;
    sc_patch patch;
    sc_rc rc = STORE(app)->fix_patch(SELF(app), &open->project_id, &open->id, &arena, &text, err);
    if (!rc) rc = sc_patch_parse(text, &arena, &patch, err);
    for (size_t i = 0; !rc && i < patch.n_files; i++)
        if (touches(&patch.files[i], frames, n))
            return sc_fail(err, SC_CONFLICT,
                           "an open pull request of ours (fix %s) touches the code that these "
                           "reports are about",
                           open->id.text);
    return rc;
}

sc_rc sc_fix_same_cause(sc_app *app, const sc_cluster *c, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_feedback *reports = sc_arena_take_array(&arena, REPORTS, sizeof *reports);
    if (!reports) return sc_fail(err, SC_NOMEM, "no memory for the reports");
    sc_frame frames[MAX_FRAMES];
    size_t n_reports = 0, n = 0;
    sc_fix_filter f = {.project_id = c->project_id, .by_pull = true, .pull = SC_FIX_PULL_open};
    sc_fix_list list = {0};
    sc_rc rc = STORE(app)->fix_list(SELF(app), &f, &(sc_page){.limit = PAGE}, &arena, &list, err);
    if (rc || !list.n) return rc;
    rc = sc_advise_reports(app, c, REPORTS, &arena, reports, &n_reports, err);
    for (size_t i = 0; !rc && i < n_reports; i++)
        n += reports[i].stack.n ? frames_of_stack(reports[i].stack, frames + n, MAX_FRAMES - n)
                                : frames_of_text(reports[i].body, frames + n, MAX_FRAMES - n);
    for (size_t i = 0; !rc && i < list.n; i++) {
        if (sc_id_eq(&list.items[i].cluster_id, &c->id))
            return sc_fail(err, SC_CONFLICT, "the issue has an open pull request (fix %s)",
                           list.items[i].id.text);
        rc = n ? compare(app, &list.items[i], frames, n, err) : SC_OK;
    }
    return rc;
}

/* ---- By itself ---------------------------------------------------------------------------------- */

static bool wanted(const sc_fix_policy *p, const sc_cluster *c) {
    return c->count >= p->min_reports && (c->count == 1 || c->cohesion_mean >= p->min_cohesion);
}

/* Tried already, however it ended: a person decides about a second time. */
static sc_rc was_tried(sc_app *app, const sc_cluster *c, sc_arena *arena, bool *ret, sc_err *err) {
    sc_fix_filter f = {.project_id = c->project_id, .cluster_id = c->id};
    sc_fix_list list = {0};
    sc_rc rc = STORE(app)->fix_list(SELF(app), &f, &(sc_page){.limit = 1}, arena, &list, err);
    *ret = list.total > 0;
    return rc;
}

static sc_rc start_one(sc_app *app, const sc_cluster *c, sc_arena *arena, bool *ret_started,
                       sc_err *err) {
    bool tried = true;
    sc_fix fix;
    sc_err why = {0};
    sc_fix_ask ask = {.by = SC_STR("policy")};
    sc_rc rc = was_tried(app, c, arena, &tried, err);
    *ret_started = false;
    if (rc || tried) return rc;
    rc = sc_fix_start(app, &c->project_id, &c->id, &ask, arena, &fix, &why);
    *ret_started = !rc;
    if (rc) sc_log_err(SC_LOG_INFO, "a fix that the policy wants was not started", &why);
    return SC_OK;
}

sc_rc sc_fix_policy_look(sc_app *app, const sc_id *project, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_fix_state st;
    sc_rc rc = sc_fix_state_get(app, project, &arena, &st, err);
    const sc_fix_policy *p = &st.settings.policy;
    if (rc || !p->enabled || st.n_missing) return rc;
    int64_t room = SC_MIN(p->max_a_day - st.by_policy_today,
                          p->max_open - st.open_pulls - st.running - st.waiting);
    sc_cluster_filter f = {.project_id = *project,
                           .statuses = 1u << SC_CLUSTER_new | 1u << SC_CLUSTER_triaged |
                                       1u << SC_CLUSTER_regressed,
                           .min_count = p->min_reports,
                           .sort = SC_SORT_SIZE};
    sc_cluster_list list = {0};
    if (room > 0)
        rc = STORE(app)->cluster_list(SELF(app), &f, &(sc_page){.limit = PAGE},
                                      sc_now_ms(app->conf.clock), &arena, &list, err);
    for (size_t i = 0; !rc && room > 0 && i < list.n; i++) {
        bool started = false;
        if (wanted(p, &list.items[i])) rc = start_one(app, &list.items[i], &arena, &started, err);
        room -= started;
    }
    return rc;
}
