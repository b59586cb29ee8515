#include "app/turn.h"

#include "app/internal.h"
#include "base/log.h"

enum { TOLD = 8, ARENA_BYTES = 8 << 20 };

bool sc_turn_over(sc_app *app, const sc_err *why) {
    switch (why->rc) {
    case SC_CANCELLED:
    case SC_FENCED: return true;
    case SC_STORE: /* or what one project keeps there is damaged */
    case SC_IO:
    case SC_TIMEOUT: return STORE(app)->probe(SELF(app), sc_now_ms(app->conf.clock), NULL) != SC_OK;
    default: return false;
    }
}

void sc_turn_note(sc_turn *t, const sc_id *which, const sc_err *why) {
    sc_err told = *why;
    if (t->n_failed++ >= TOLD) return;
    if (which) sc_wrap(&told, "%s", which->text);
    sc_log_err(SC_LOG_WARN, t->failed, &told);
}

sc_rc sc_turn_failed(sc_turn *t, const sc_id *which, const sc_err *why, sc_err *err) {
    if (!sc_turn_over(t->app, why)) {
        sc_turn_note(t, which, why);
        return SC_OK;
    }
    if (err) *err = *why;
    return why->rc;
}

void sc_turn_end(const sc_turn *t) {
    if (t->n_failed > TOLD)
        sc_log(SC_LOG_WARN, t->failed, SC_F_TXT("error", "and so it was with more of them"),
               SC_F_INT("more", t->n_failed - TOLD));
}

sc_rc sc_turn_projects(sc_app *app, const char *failed, const _Atomic bool *stop, sc_project_fn fn,
                       sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_turn t = {.app = app, .failed = failed};
    sc_project *list;
    size_t n = 0;
    sc_rc rc = STORE(app)->project_list(SELF(app), &arena, &list, &n, err);
    for (size_t i = 0; !rc && i < n && !atomic_load(stop); i++) {
        sc_err one = {0};
        if (fn(app, &list[i], &one)) rc = sc_turn_failed(&t, &list[i].id, &one, err);
    }
    sc_turn_end(&t);
    return rc;
}
