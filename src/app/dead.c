#include "app/dead.h"

#include "app/internal.h"
#include "app/turn.h"
#include "base/json.h"
#include "base/log.h"

#define SETTING SC_STR("dead_letters")

enum { PAGE = 100, ARENA_BYTES = 256 << 20, NEAR_PERCENT = 80 };

static const sc_id everywhere = {""};

const char *sc_dead_level_name(sc_dead_level l) {
    static const char *const names[] = {
#define X(name) #name,
        SC_DEAD_LEVELS(X)
#undef X
    };
    return (unsigned)l < SC_LEN(names) ? names[l] : "?";
}

sc_dead_level sc_dead_level_of(const sc_dead *d) {
    if (d->fullness >= 1) return SC_DEAD_full;
    return d->fullness * 100 >= NEAR_PERCENT ? SC_DEAD_near : SC_DEAD_ok;
}

/* ---- Looking ------------------------------------------------------------------------------------ */

/* A person may have sent it round, or dropped it, meanwhile. */
static sc_rc drop(sc_app *app, const sc_job *j, sc_dead *d, sc_err *err) {
    sc_err why = {0};
    sc_rc rc = STORE(app)->job_drop(SELF(app), &j->project_id, &j->id, &why);
    if (rc == SC_NOT_FOUND || rc == SC_CONFLICT) return SC_OK;
    if (rc) {
        if (err) *err = why;
        return rc;
    }
    d->dropped++;
    sc_log(SC_LOG_WARN, "dead letter dropped: there are too many",
           SC_F_TXT("project", j->project_id.text), SC_F_TXT("job", j->id.text),
           SC_F_STR("kind", j->kind), SC_F_STR("payload", j->payload), SC_F_STR("why", j->error),
           SC_F_INT("attempts", j->attempts));
    return SC_OK;
}

/* Newest first; those that are one too many go. */
static sc_rc look_at(sc_app *app, const sc_id *project, sc_dead *d, sc_err *err) {
    const int64_t max_n = app->conf.max_dead_letters, max_bytes = app->conf.max_dead_bytes;
    sc_job_filter f = {.project_id = *project, .by_state = true, .state = SC_JOB_dead};
    int64_t n = 0, bytes = 0;
    bool full = false;
    char cursor[256] = "";
    do {
        SC_AUTO(sc_arena_done) sc_arena arena;
        sc_arena_init(&arena, ARENA_BYTES);
        sc_page page = {.limit = PAGE, .cursor = sc_str_of(cursor)};
        sc_job_list list = {0};
        sc_rc rc = STORE(app)->job_list(SELF(app), &f, &page, &arena, &list, err);
        for (size_t i = 0; !rc && i < list.n; i++) {
            const sc_job *j = &list.items[i];
            const int64_t size = (int64_t)(j->payload.n + j->error.n);
            if (sc_str_is(j->kind, "fix")) continue;
            full |= n + 1 > max_n || bytes + size > max_bytes;
            n += !full;
            bytes += full ? 0 : size;
            if (full) rc = drop(app, j, d, err);
        }
        if (rc) return rc;
        snprintf(cursor, sizeof cursor, "%.*s", SC_FMT(list.next_cursor));
    } while (*cursor && !atomic_load(&app->schedule.lane.stop));
    d->n += n;
    d->bytes += bytes;
    double fullness = SC_MAX((double)n / (double)max_n, (double)bytes / (double)max_bytes);
    if (full) fullness = 1;
    if (fullness > d->fullness) {
        d->fullness = fullness;
        d->project = *project;
    }
    return SC_OK;
}

/* ---- What was seen ------------------------------------------------------------------------------ */

sc_rc sc_dead_get(sc_app *app, sc_dead *ret, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_str text;
    sc_rc rc = STORE(app)->setting_get(SELF(app), &everywhere, SETTING, &arena, &text, err);
    *ret = (sc_dead){.n = 0};
    if (rc || !text.n) return rc;
    rc = sc_json_parse(text, &v, err);
    if (!rc) rc = sc_json_int(v, "n", 0, &ret->n, err);
    if (!rc) rc = sc_json_int(v, "bytes", 0, &ret->bytes, err);
    if (!rc) rc = sc_json_int(v, "dropped", 0, &ret->dropped, err);
    if (!rc) rc = sc_json_int(v, "seen_at", 0, &ret->seen_at_ms, err);
    if (rc) return rc;
    ret->fullness = json_number_value(json_object_get(v, "fullness"));
    ret->project = sc_id_of(sc_json_str_at(v, "project"));
    return SC_OK;
}

static sc_rc store(sc_app *app, const sc_dead *d, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_buf_putf(&b,
                "{\"n\":%lld,\"bytes\":%lld,\"fullness\":%.4f,\"project\":\"%s\",\"dropped\":%lld,"
                "\"seen_at\":%lld}",
                (long long)d->n, (long long)d->bytes, d->fullness, d->project.text,
                (long long)d->dropped, (long long)d->seen_at_ms);
    return STORE(app)->setting_put(SELF(app), &everywhere, SETTING, sc_buf_str(&b), d->seen_at_ms,
                                   err);
}

static void warn(const sc_dead *was, const sc_dead *is) {
    const sc_dead_level level = sc_dead_level_of(is);
    if (level <= sc_dead_level_of(was)) return;
    sc_log(SC_LOG_WARN,
           level == SC_DEAD_full ? "dead letters are full: the oldest are dropped"
                                 : "dead letters are nearly full: soulcaster jobs dead",
           SC_F_TXT("project", is->project.text), SC_F_INT("dead_letters", is->n),
           SC_F_INT("bytes", is->bytes));
}

/* Where there is none, nothing is read but a count. */
static sc_rc look_in(sc_app *app, const sc_id *project, sc_dead *d, sc_err *err) {
    sc_job_counts c;
    sc_rc rc = STORE(app)->job_counts(SELF(app), project, SC_STR_NONE, &c, err);
    return rc || !c.by_state[SC_JOB_dead] ? rc : look_at(app, project, d, err);
}

/* Not all of them were seen to the end: no less is left than was known before. */
static void keep_known(sc_dead *is, const sc_dead *was) {
    is->n = SC_MAX(is->n, was->n);
    is->bytes = SC_MAX(is->bytes, was->bytes);
    if (is->fullness >= was->fullness) return;
    is->fullness = was->fullness;
    is->project = was->project;
}

static sc_rc note(sc_app *app, const sc_dead *was, const sc_dead *is, sc_err *err) {
    warn(was, is);
    const bool same = was->n == is->n && was->bytes == is->bytes && was->dropped == is->dropped &&
                      sc_dead_level_of(was) == sc_dead_level_of(is);
    return same ? SC_OK : store(app, is, err);
}

sc_rc sc_dead_look(sc_app *app, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 8 << 20);
    sc_turn t = {.app = app, .failed = "dead letters of a project were not looked at"};
    sc_dead was, is = {.seen_at_ms = sc_now_ms(app->conf.clock)};
    sc_project *list = NULL;
    size_t n = 0;
    sc_rc rc = sc_dead_get(app, &was, err);
    if (!rc) rc = STORE(app)->project_list(SELF(app), &arena, &list, &n, err);
    if (rc) return rc;
    is.dropped = was.dropped;
    for (size_t i = 0; !rc && i < n && !atomic_load(&app->schedule.lane.stop); i++) {
        sc_err one = {0};
        if (look_in(app, &list[i].id, &is, &one)) rc = sc_turn_failed(&t, &list[i].id, &one, err);
    }
    sc_turn_end(&t);
    if (rc || t.n_failed || atomic_load(&app->schedule.lane.stop)) keep_known(&is, &was);
    sc_rc kept = note(app, &was, &is, rc ? NULL : err); /* also what was dropped before it failed */
    return rc ? rc : kept;
}
