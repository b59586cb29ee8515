/* Running a script, and what follows a write: the installation is told. */
#include <stdio.h>

#include "stores/redis/layout.h"
#include "stores/redis/rest_answer.h"
#include "stores/redis/store.h"

enum { MOST_ARGS = 64 << 20, MOST_KEYS = 64, SWEEP_MS = 10000, MOST_FAILED = 3 };

/* ---- Refusals ------------------------------------------------------------------------------------ */

static const struct {
    const char *begins, *words;
} refusals[] = {
    {"ERR max single record size", "a key would become larger than this Redis allows"},
    {"ERR DB capacity quota", "this Redis holds as much as its plan allows: give it more"},
    {"ERR max daily request", "this Redis has done as much for today as its plan allows"},
    {"ERR max requests limit", "this Redis has done as much as its plan allows"},
    {"OOM", "Redis has reached its maxmemory: give it more, nothing was written"},
    {"READONLY", "this Redis is a replica and takes no writes: name the primary"},
    {"LOADING", "Redis is loading its data: wait until it has"},
    {"BUSY", "Redis is busy with a long script"},
    {"MISCONF", "Redis cannot save its data and takes no writes: look at its log and its disk"},
    {"MASTERDOWN", "this Redis is a replica that lost its primary"},
    {"CROSSSLOT", "this Redis has become a cluster: try again"},
    {"CLUSTERDOWN", "the Redis cluster is down: some of its slots have no server"},
    {"TRYAGAIN", "the Redis cluster is moving this slot"},
    {"NOREPLICAS", "Redis has fewer replicas than it is told to write to"},
    {"NOAUTH", "Redis wants a password: put it into the URL"},
    {"WRONGPASS", "Redis does not know this user and password, or token"},
    {"NOPERM", "this user of Redis may not do what the store needs"},
};

/* Whoever asked for a write can ask for less at once. */
static sc_rc too_large(sc_str said, sc_err *err) {
    if (!sc_str_starts(said, "ERR max request size") &&
        !sc_str_starts(said, "ERR the REST address answered 413"))
        return SC_OK;
    return sc_fail(err, SC_TOO_LARGE, "this is larger than Redis takes in one request");
}

static sc_rc refused_in_words(sc_str said, sc_err *err) {
    if (sc_str_starts(said, "SC_")) {
        sc_str rest = {said.p + 3, said.n - 3}, code;
        sc_str_next(&rest, ' ', &code);
        for (int rc = SC_OK + 1; rc < SC_RC_COUNT; rc++)
            if (sc_str_is(code, sc_rc_name((sc_rc)rc)))
                return sc_fail(err, (sc_rc)rc, "%.*s", SC_FMT(sc_str_clip(rest, 200)));
    }
    sc_rc rc = too_large(said, err);
    if (rc) return rc;
    for (size_t i = 0; i < SC_LEN(refusals); i++)
        if (sc_str_starts(said, refusals[i].begins))
            return sc_fail(err, SC_STORE, "%s", refusals[i].words);
    return sc_fail(err, SC_STORE, "Redis refused: %.*s", SC_FMT(sc_str_clip(said, 180)));
}

sc_rc sc_rd_refused(sc_str said, sc_err *err) {
    sc_rc rc = refused_in_words(said, err);
    if (err && rc == SC_STORE) err->retry_after_ms = sc_rd_rest_wait_ms(said);
    return rc;
}

/* ---- One run ------------------------------------------------------------------------------------- */

void sc_rd_run_init(sc_rd_run *r, size_t n) {
    *r = (sc_rd_run){.first_event = 0};
    sc_buf_init(&r->args, MOST_ARGS);
    sc_pack_array(&r->args, n);
}

void sc_rd_run_done(sc_rd_run *r) {
    sc_buf_done(&r->args);
    if (r->reply) freeReplyObject(r->reply);
    r->reply = NULL;
}

sc_rc sc_rd_read_check(const sc_unpack *u, bool nomem, sc_err *err) {
    if (nomem) return sc_rd_no_memory(err);
    return u->bad ? sc_fail(err, SC_STORE,
                            "the data in Redis are not as soulcaster made them: restore a backup")
                  : SC_OK;
}

typedef struct invocation {
    char keys[MOST_KEYS][64];
    const char *argv[MOST_KEYS + 4];
    size_t lens[MOST_KEYS + 4];
    char count[16];
    int argc;
} invocation;

static void put_arg(invocation *v, sc_str s) {
    v->argv[v->argc] = s.p ? s.p : "";
    v->lens[v->argc++] = s.n;
}

static const char *tag_of(const sc_id *project) {
    return project && sc_id_is_set(project) ? project->text : "i";
}

static int put_keys(invocation *v, int n, const char *tag, const char *names) {
    sc_str rest = sc_str_of(names), key;
    while (sc_str_next(&rest, ' ', &key)) {
        if (sc_str_ends(key, ":")) key.n--;
        snprintf(v->keys[n++], sizeof v->keys[0], "sc:{%s}:%.*s", tag, SC_FMT(key));
    }
    return n;
}

static void prepare(invocation *v, sc_rd_script which, const sc_id *project, bool whole,
                    sc_str args) {
    int n = put_keys(v, 0, tag_of(project), sc_rd_script_keys(which));
    if (whole) n = put_keys(v, n, "i", SC_RD_WHOLE_KEYS);
    snprintf(v->count, sizeof v->count, "%d", n);
    v->argc = 0;
    put_arg(v, SC_STR("EVALSHA"));
    put_arg(v, sc_str_of(sc_rd_script_sha(which, whole)));
    put_arg(v, sc_str_of(v->count));
    for (int i = 0; i < n; i++) put_arg(v, sc_str_of(v->keys[i]));
    put_arg(v, args);
}

/* Of what only asks it is the answer that is too large. */
static sc_rc refused(const redisReply *reply, bool asks, sc_err *err) {
    sc_rc rc = sc_rd_refused((sc_str){reply->str, reply->len}, err);
    if (rc != SC_TOO_LARGE || !asks) return rc;
    return sc_fail(err, SC_STORE, "the answer is larger than Redis gives at once");
}

static bool is_text(const redisReply *r) { return r->type == REDIS_REPLY_STRING; }

static sc_unpack body_of(const redisReply *r) {
    sc_unpack u = sc_unpack_of((sc_str){r->str, r->len});
    if (sc_unpack_array(&u) == 0) u.bad = true;
    return u;
}

/* Takes the reply; false: it is none of ours. */
static bool take_reply(sc_rd_run *r, redisReply *reply, bool whole) {
    if (whole && (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
                  !is_text(reply->element[0]) || !is_text(reply->element[1])))
        return false;
    if (!whole && !is_text(reply)) return false;
    r->reply = reply;
    r->body = body_of(whole ? reply->element[0] : reply);
    if (whole) r->told = body_of(reply->element[1]);
    return true;
}

static sc_rc run(sc_rd *s, sc_rd_script which, const sc_id *project, bool again, bool whole,
                 sc_rd_run *r, sc_err *err) {
    invocation v;
    redisReply *reply = NULL;
    sc_rc rc = sc_buf_check(&r->args, "a request to Redis", err);
    if (rc) return rc;
    if (!sc_rd_script_source(which, whole).p)
        return sc_fail(err, SC_NOMEM, "no memory for a script");
    prepare(&v, which, project, whole, sc_buf_str(&r->args));
    rc = sc_rd_command(s, v.keys[0], v.argc, v.argv, v.lens, again, &reply, err);
    if (!rc && reply->type == REDIS_REPLY_ERROR && !strncmp(reply->str, "NOSCRIPT", 8)) {
        freeReplyObject(reply);
        v.argv[0] = "EVAL";
        v.lens[0] = 4;
        v.argv[1] = sc_rd_script_source(which, whole).p;
        v.lens[1] = sc_rd_script_source(which, whole).n;
        rc = sc_rd_command(s, v.keys[0], v.argc, v.argv, v.lens, again, &reply, err);
    }
    if (rc) return rc;
    if (reply->type == REDIS_REPLY_ERROR) {
        rc = refused(reply, again, err);
        if (whole && !strncmp(reply->str, "CROSSSLOT", 9))
            s->whole = false; /* it is a cluster now */
    } else if (!take_reply(r, reply, whole)) {
        rc = sc_fail(err, SC_STORE, "Redis gave %s no answer of ours", sc_rd_script_name(which));
    }
    if (rc) {
        freeReplyObject(reply);
        return rc;
    }
    return sc_rd_read_check(&r->body, false, err);
}

sc_rc sc_rd_ask(sc_rd *s, sc_rd_script which, const sc_id *project, sc_rd_run *r, sc_err *err) {
    return run(s, which, project, true, false, r, err);
}

sc_rc sc_rd_put(sc_rd *s, sc_rd_script which, sc_rd_run *r, sc_err *err) {
    return run(s, which, NULL, false, false, r, err);
}

/* ---- What follows a write ------------------------------------------------------------------------- */

void sc_rd_pack_events(sc_buf *b, const sc_event *events, size_t n) {
    sc_pack_array(b, n);
    for (size_t i = 0; i < n; i++) {
        sc_pack_array(b, 3);
        sc_pack_str(b, events[i].kind);
        sc_pack_str(b, events[i].data);
        sc_pack_int(b, events[i].at_ms);
    }
}

/* events: packed, as sc_rd_pack_events has them. *ret_gap: the last one told, when there is a gap; else -1. */
static sc_rc tell(sc_rd *s, const sc_id *project, sc_str hints, int64_t first, sc_str events,
                  int64_t *ret_gap, sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 4);
    sc_pack_str(&r.args, sc_str_of(tag_of(project)));
    sc_buf_put_str(&r.args, hints);
    sc_pack_int(&r.args, first);
    sc_buf_put_str(&r.args, events);
    sc_rc rc = run(s, SC_RD_after, NULL, false, false, &r, err);
    if (!rc) *ret_gap = sc_unpack_int(&r.body);
    return rc;
}

/* All that is due to be told of one project, from event `told` on. *ret_whole (may be NULL): its layout is this program's. */
static sc_rc sweep_one(sc_rd *s, const sc_id *project, int64_t told, bool *ret_whole, sc_err *err) {
    SC_RD_RUN(r);
    int64_t gap;
    sc_rd_run_init(&r, 1);
    sc_pack_int(&r.args, told);
    sc_rc rc = run(s, SC_RD_sweep, project, true, false, &r, err);
    if (rc) return rc;
    sc_str hints = sc_unpack_raw(&r.body);
    int64_t first = sc_unpack_int(&r.body);
    sc_str events = sc_unpack_raw(&r.body);
    const bool whole = sc_unpack_int(&r.body) != 0;
    rc = sc_rd_read_check(&r.body, false, err);
    if (!rc && ret_whole) *ret_whole = whole;
    return rc ? rc : tell(s, project, hints, first, events, &gap, err);
}

/* The write is done whatever becomes of this: who fails here leaves it to the next sweep. */
static void follow(sc_rd *s, const sc_id *project, const sc_event *events, size_t n_events,
                   sc_rd_run *r) {
    int64_t gap = -1;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, MOST_ARGS);
    sc_rd_pack_events(&b, events, r->first_event ? n_events : 0);
    if (b.failed || tell(s, project, r->hints, r->first_event, sc_buf_str(&b), &gap, NULL)) return;
    if (gap >= 0) sweep_one(s, project, gap, NULL, NULL);
}

/* Earlier events may be untold yet, of a process that died between two steps. */
static void fill_gap(sc_rd *s, const sc_id *project, sc_rd_run *r) {
    const int64_t told = sc_unpack_int(&r->told);
    if (!r->told.bad && told >= 0) sweep_one(s, project, told, NULL, NULL);
}

sc_rc sc_rd_write(sc_rd *s, sc_rd_script which, const sc_id *project, const sc_event *events,
                  size_t n_events, sc_rd_run *r, sc_err *err) {
    const bool whole = r->way == SC_RD_WHOLE || (r->way == SC_RD_ANY_WAY && s->whole);
    if (whole) { /* behind the step's own argument */
        sc_pack_array(&r->args, 2);
        sc_pack_str(&r->args, sc_str_of(tag_of(project)));
        sc_rd_pack_events(&r->args, events, n_events);
    }
    sc_rc rc = run(s, which, project, false, whole, r, err);
    if (rc) return rc;
    r->hints = sc_unpack_raw(&r->body);
    r->first_event = sc_unpack_int(&r->body);
    rc = sc_rd_read_check(&r->body, false, err);
    if (!rc && whole)
        fill_gap(s, project, r);
    else if (!rc)
        follow(s, project, events, n_events, r);
    return rc;
}

static sc_rc sweep_project(sc_rd *s, const sc_id *project, sc_err *err) {
    const char *argv[] = {"HGET", "sc:{i}:ev", tag_of(project)};
    redisReply *told = NULL;
    bool whole = true;
    int64_t last = 0;
    sc_rc rc = sc_rd_command(s, argv[1], 3, argv, NULL, true, &told, err);
    if (rc) return rc;
    if (told->type == REDIS_REPLY_STRING)
        sc_num_i64((sc_str){told->str, told->len}, 0, INT64_MAX, &last, NULL);
    freeReplyObject(told);
    rc = sweep_one(s, project, last, &whole, err);
    return rc || whole ? rc
                       : sc_rd_layout_bring(s, project, SC_RD_LAYOUT_SLICE, SC_RD_LAYOUT_SLICES,
                                            &whole, err);
}

sc_rc sc_rd_sweep(sc_rd *s, int64_t now_ms, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_id *ids, none = {{0}};
    size_t n, failed = 0;
    pthread_mutex_lock(&s->lock);
    bool due = now_ms - s->swept_ms >= SWEEP_MS || now_ms < s->swept_ms;
    if (due) s->swept_ms = now_ms;
    pthread_mutex_unlock(&s->lock);
    sc_arena_init(&arena, 64 << 20);
    if (!due) return SC_OK;
    sc_rc rc = sc_rd_projects(s, &arena, &ids, &n, err);
    if (rc) return rc;
    for (size_t i = 0; i <= n && failed < MOST_FAILED; i++) {
        sc_err why = {0};
        if (!sweep_project(s, i < n ? &ids[i] : &none, &why)) continue;
        if (!failed++ && err) *err = why;
        rc = rc ? rc : why.rc;
    }
    return rc ? sc_wrap(err, "what was written could not be told") : SC_OK;
}
