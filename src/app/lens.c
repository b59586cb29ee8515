#include "app/lens.h"

#include <stdio.h>

#include "app/internal.h"
#include "base/json.h"

/* Settings; their values are JSON strings. */
static const sc_str own_name = {"embedder", 8}, started_name = {"embedder.started", 16};

enum { REMEMBER = 512 }; /* vectors made ahead; more than are made before grouping takes them */

static const char *model_of(const sc_embedder *em) { return em->ops->model(em->self); }

static sc_rc add(sc_app *app, const sc_embedder *em, sc_str model, const sc_err *why, sc_lens **ret,
                 sc_err *err) {
    sc_lens *l = sc_alloc(sizeof *l);
    if (!l) return sc_fail(err, SC_NOMEM, "no memory for an embedder");
    if (em && em->ops->together) {
        sc_rc rc = sc_memo_init(&l->memo, REMEMBER, em->ops->dim(em->self), err);
        if (rc) {
            sc_free(l);
            return rc;
        }
    }
    pthread_mutex_init(&l->memo_lock, NULL);
    if (em) l->em = *em;
    if (why) l->why = *why;
    snprintf(l->model, sizeof l->model, "%.*s", SC_FMT(model));
    l->next = app->lenses.head;
    app->lenses.head = l;
    *ret = l;
    return SC_OK;
}

sc_rc sc_lenses_init(sc_app *app, sc_err *err) {
    sc_lens *l;
    pthread_mutex_init(&app->lenses.lock, NULL);
    return add(app, &app->conf.embedder, sc_str_of(model_of(&app->conf.embedder)), NULL, &l, err);
}

void sc_lenses_done(sc_app *app) {
    for (sc_lens *l = app->lenses.head, *next; l; l = next) {
        next = l->next;
        if (l->own && l->em.ops) app->conf.close_embedder(&l->em);
        pthread_mutex_destroy(&l->memo_lock);
        sc_memo_done(&l->memo);
        sc_free(l);
    }
    pthread_mutex_destroy(&app->lenses.lock);
}

/* ---- Vectors made ahead ---------------------------------------------------------------------------- */

bool sc_lens_embeds_together(const sc_lens *l) { return l->memo.room > 0; }

static sc_memo_key key_of(const sc_feedback *f) {
    const sc_str parts[] = {f->title, f->body, f->stack};
    return sc_memo_key_of(parts, SC_LEN(parts));
}

void sc_lens_remember(sc_lens *l, const sc_feedback *f, const int8_t *vec) {
    const sc_memo_key key = key_of(f);
    pthread_mutex_lock(&l->memo_lock);
    memcpy(sc_memo_vec(&l->memo, sc_memo_put(&l->memo, &key)), vec, l->memo.dim);
    pthread_mutex_unlock(&l->memo_lock);
}

bool sc_lens_recall(sc_lens *l, const sc_feedback *f, int8_t *ret_vec) {
    if (!l->memo.room) return false;
    const sc_memo_key key = key_of(f);
    pthread_mutex_lock(&l->memo_lock);
    const size_t at = sc_memo_find(&l->memo, &key);
    if (at != SC_MEMO_NONE && ret_vec) memcpy(ret_vec, sc_memo_vec(&l->memo, at), l->memo.dim);
    pthread_mutex_unlock(&l->memo_lock);
    return at != SC_MEMO_NONE;
}

/* ---- Which ones there are -------------------------------------------------------------------------- */

static sc_lens *find(sc_app *app, sc_str model) {
    sc_lens *l = app->lenses.head;
    while (l && !sc_str_is(model, l->model)) l = l->next;
    return l;
}

/* To open an embedder reads and checks its whole file: its name stands for what it was when it was first opened. */
static sc_lens *find_named(sc_app *app, sc_str name) {
    sc_lens *l = find(app, name);
    if (l) return l;
    for (l = app->lenses.head; l && !(*l->name && sc_str_is(name, l->name));) l = l->next;
    return l;
}

static void set_name(sc_lens *l, sc_str name) {
    if (!*l->name && name.n < sizeof l->name && !sc_str_is(name, l->model))
        snprintf(l->name, sizeof l->name, "%.*s", SC_FMT(name));
}

/* Opens what the name says, once: another lens may have its model already. */
static sc_rc open_lens(sc_app *app, sc_str name, sc_lens **ret, sc_err *err) {
    sc_embedder em;
    sc_err why = {0};
    if (!app->conf.open_embedder)
        return sc_fail(err, SC_NOT_FOUND, "there is no embedder %.*s here", SC_FMT(name));
    sc_rc rc = app->conf.open_embedder(app->conf.open_self, name, &em, &why);
    if (rc) {
        if (err) *err = why;
        return rc;
    }
    *ret = find(app, sc_str_of(model_of(&em)));
    if (*ret && (*ret)->em.ops) {
        app->conf.close_embedder(&em);
        set_name(*ret, name);
        return SC_OK;
    }
    if (*ret) { /* it was blind, and can be opened by now; readers look at em only under their lock */
        app->conf.close_embedder(&em);
        return sc_fail(err, SC_NOT_FOUND, "restart to use %.*s: it was missing", SC_FMT(name));
    }
    sc_lens *l = NULL;
    rc = add(app, &em, sc_str_of(model_of(&em)), NULL, &l, err);
    if (!l) {
        app->conf.close_embedder(&em);
        return rc;
    }
    l->own = true;
    set_name(l, name);
    *ret = l;
    return SC_OK;
}

sc_rc sc_lens_get(sc_app *app, sc_str model, sc_lens **ret, sc_err *err) {
    sc_rc rc = SC_OK;
    sc_err why = {0};
    if (!model.n) model = sc_str_of(sc_app_model(app));
    pthread_mutex_lock(&app->lenses.lock);
    *ret = find(app, model);
    if (!*ret && open_lens(app, model, ret, &why)) {
        if (!why.rc) sc_fail(&why, SC_NOT_FOUND, "it cannot be opened here");
        rc = add(app, NULL, model, &why, ret, err);
    }
    pthread_mutex_unlock(&app->lenses.lock);
    return rc;
}

sc_rc sc_lens_choose(sc_app *app, sc_str name, sc_lens **ret, sc_err *err) {
    sc_rc rc = SC_OK;
    sc_err why = {0};
    const sc_embedder *em = &app->conf.embedder;
    if (sc_str_is(name, em->ops->name)) name = sc_str_of(model_of(em));
    pthread_mutex_lock(&app->lenses.lock);
    sc_lens *l = find_named(app, name);
    if (!l) rc = open_lens(app, name, &l, &why);
    pthread_mutex_unlock(&app->lenses.lock);
    if (!rc && l && l->em.ops) {
        *ret = l;
        return SC_OK;
    }
    if (!rc && l) why = l->why;
    return sc_fail_field(err, SC_UNPROCESSABLE, "use", "%.*s cannot be used: %.150s",
                         SC_FMT(sc_str_clip(name, 80)), why.msg);
}

/* ---- Which one --------------------------------------------------------------------------------- */

static sc_rc setting(sc_app *app, const sc_id *project, sc_str name, sc_arena *arena, sc_str *ret,
                     sc_err *err) {
    sc_str text;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    *ret = SC_STR_NONE;
    sc_rc rc = STORE(app)->setting_get(SELF(app), project, name, arena, &text, err);
    if (rc || !text.n || sc_json_parse(text, &v, NULL)) return rc;
    sc_str model = sc_json_str_at(v, "model");
    char *copy = model.n ? sc_arena_copy(arena, model.p, model.n) : NULL;
    if (copy) *ret = (sc_str){copy, model.n};
    return SC_OK;
}

static sc_rc put_setting(sc_app *app, const sc_id *project, sc_str name, sc_str model,
                         sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    if (model.n) {
        sc_buf_puts(&b, "{\"model\":");
        sc_buf_put_json(&b, model);
        sc_buf_putc(&b, '}');
    }
    return STORE(app)->setting_put(SELF(app), project, name, sc_buf_str(&b),
                                   sc_now_ms(app->conf.clock), err);
}

sc_rc sc_lenses_record(sc_app *app, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 16);
    sc_str now;
    sc_rc rc = setting(app, NULL, started_name, &arena, &now, err);
    if (rc || sc_str_is(now, sc_app_model(app))) return rc;
    return put_setting(app, NULL, started_name, sc_str_of(sc_app_model(app)), err);
}

sc_rc sc_lens_chosen(sc_app *app, const sc_id *project, sc_arena *arena, sc_str *ret, sc_err *err) {
    return setting(app, project, own_name, arena, ret, err);
}

sc_rc sc_lens_wanted(sc_app *app, const sc_id *project, sc_lens **ret, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 16);
    sc_str name, started;
    sc_rc rc = setting(app, project, own_name, &arena, &name, err);
    if (!rc) rc = setting(app, NULL, started_name, &arena, &started, err);
    if (rc) return rc;
    if (name.n) { /* what a person chose; where it cannot be had any more, the installation's */
        rc = sc_lens_choose(app, name, ret, NULL);
        if (!rc) return SC_OK;
    }
    return sc_lens_get(app, started, ret, err);
}

sc_rc sc_lens_use(sc_app *app, const sc_id *project, sc_str name, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 16);
    sc_lens *l;
    if (sc_str_is(name, "auto")) return put_setting(app, project, own_name, SC_STR_NONE, err);
    if (sc_str_is(name, "previous")) {
        sc_model_state st;
        sc_rc rc = STORE(app)->model_state(SELF(app), project, &arena, &st, err);
        if (rc) return rc;
        if (!st.previous.n)
            return sc_fail_field(err, SC_UNPROCESSABLE, "use",
                                 "the project's model was never changed");
        name = st.previous;
    }
    sc_rc rc = sc_lens_choose(app, name, &l, err);
    return rc ? rc : put_setting(app, project, own_name, name, err);
}
