/* What every operation needs: numbers, which projects there are, where a job lives. */
#include <stdio.h>

#include "stores/redis/store.h"

sc_rc sc_rd_no_memory(sc_err *err) {
    return sc_fail(err, SC_NOMEM, "the answer is over its memory budget");
}

void *sc_rd_grow(sc_arena *arena, void *items, size_t n, size_t *cap, size_t size) {
    if (n < *cap) return items;
    size_t more = *cap ? *cap * 2 : 16;
    void *p = sc_arena_take_array(arena, more, size);
    if (!p) return NULL;
    if (n) memcpy(p, items, n * size);
    *cap = more;
    return p;
}

/* Is what stands under a key of one slot read where a key of another one is named first? A fresh value: what divides keys and looks
 * at the first one alone would answer, too, but from another place. */
static sc_rc same_place(sc_rd *s, const char *tag, bool *ret, sc_err *err) {
    unsigned char raw[16];
    char value[33], key[40];
    redisReply *put = NULL, *got = NULL;
    sc_random(raw, sizeof raw);
    sc_hex_encode(raw, sizeof raw, value);
    snprintf(key, sizeof key, "sc:{%s}:probe", tag);
    const char *set[] = {"SET", key, value, "PX", "60000"},
               *get[] = {"EVAL", "return redis.call('GET',KEYS[2])", "2", "sc:{i}:p", key};
    sc_rc rc = sc_rd_command(s, key, 5, set, NULL, true, &put, err);
    if (!rc) rc = sc_rd_command(s, get[3], 5, get, NULL, true, &got, err);
    *ret = !rc && got->type == REDIS_REPLY_STRING && !strcmp(got->str, value);
    if (put) freeReplyObject(put);
    if (got) freeReplyObject(got);
    return rc;
}

sc_rc sc_rd_look_whole(sc_rd *s, sc_err *err) {
    static const char *const tags[] = {"one", "two", "three", "four"};
    bool whole = true;
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && whole && i < SC_LEN(tags); i++)
        rc = same_place(s, tags[i], &whole, err);
    s->whole = !rc && whole;
    return rc;
}

/* ---- Numbers ------------------------------------------------------------------------------------- */

static sc_rc count_on(sc_rd *s, const char *key, size_t n, int64_t *ret_first, sc_err *err) {
    char by[24];
    redisReply *reply = NULL;
    snprintf(by, sizeof by, "%zu", n);
    const char *argv[] = {"INCRBY", key, by};
    sc_rc rc = sc_rd_command(s, argv[1], 3, argv, NULL, true, &reply, err); /* a gap does no harm */
    if (rc) return rc;
    if (reply->type == REDIS_REPLY_INTEGER)
        *ret_first = reply->integer - (int64_t)n + 1;
    else
        rc =
            sc_rd_refused(reply->str ? (sc_str){reply->str, reply->len} : SC_STR("no number"), err);
    freeReplyObject(reply);
    return rc;
}

sc_rc sc_rd_numbers(sc_rd *s, size_t n, int64_t *ret_first, sc_err *err) {
    return count_on(s, "sc:{i}:seq", n, ret_first, err);
}

sc_rc sc_rd_number(sc_rd *s, int64_t *ret, sc_err *err) {
    pthread_mutex_lock(&s->lock);
    bool have = s->next_number && s->next_number <= s->last_number;
    if (have) *ret = s->next_number++;
    pthread_mutex_unlock(&s->lock);
    if (have) return SC_OK;
    int64_t first;
    sc_rc rc = count_on(s, "sc:{i}:jobs", SC_RD_NUMBERS, &first, err);
    if (rc) return rc;
    pthread_mutex_lock(&s->lock);
    s->next_number = first + 1;
    s->last_number = first + SC_RD_NUMBERS - 1;
    pthread_mutex_unlock(&s->lock);
    *ret = first;
    return SC_OK;
}

sc_rc sc_rd_read_number(sc_rd *s, const char *key, int64_t *ret, sc_err *err) {
    redisReply *reply = NULL;
    const char *argv[] = {"GET", key};
    int64_t v = 0;
    sc_rc rc = sc_rd_command(s, key, 2, argv, NULL, true, &reply, err);
    if (rc) return rc;
    if (reply->type == REDIS_REPLY_STRING)
        rc = sc_num_i64((sc_str){reply->str, reply->len}, 0, INT64_MAX, &v, err);
    else if (reply->type == REDIS_REPLY_ERROR)
        rc = sc_rd_refused((sc_str){reply->str, reply->len}, err);
    freeReplyObject(reply);
    if (!rc) *ret = v;
    return rc;
}

/* ---- Projects ------------------------------------------------------------------------------------ */

static size_t place_of(const sc_id *id) {
    return sc_hash64(id->text, strlen(id->text), 1) % SC_RD_HOMES;
}

sc_rc sc_rd_known(sc_rd *s, const sc_id *project, sc_err *err) {
    if (!project || !sc_id_is_set(project)) return sc_fail(err, SC_NOT_FOUND, "no such project");
    size_t at = place_of(project);
    pthread_mutex_lock(&s->lock);
    bool known = sc_id_eq(&s->known[at], project);
    pthread_mutex_unlock(&s->lock);
    if (known) return SC_OK;
    redisReply *reply = NULL;
    const char *argv[] = {"HEXISTS", "sc:{i}:pi", project->text};
    sc_rc rc = sc_rd_command(s, argv[1], 3, argv, NULL, true, &reply, err);
    if (rc) return rc;
    if (reply->type != REDIS_REPLY_INTEGER)
        rc =
            sc_rd_refused(reply->str ? (sc_str){reply->str, reply->len} : SC_STR("no number"), err);
    else if (!reply->integer)
        rc = sc_fail(err, SC_NOT_FOUND, "no such project");
    freeReplyObject(reply);
    if (rc) return rc;
    pthread_mutex_lock(&s->lock);
    s->known[at] = *project;
    pthread_mutex_unlock(&s->lock);
    return SC_OK;
}

sc_rc sc_rd_known_any(sc_rd *s, const sc_id *project, sc_err *err) {
    return project && sc_id_is_set(project) ? sc_rd_known(s, project, err) : SC_OK;
}

sc_rc sc_rd_projects(sc_rd *s, sc_arena *arena, sc_id **ret, size_t *ret_n, sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 0);
    sc_rc rc = sc_rd_ask(s, SC_RD_project_all, NULL, &r, err);
    if (rc) return rc;
    size_t n = sc_unpack_array(&r.body);
    sc_id *ids = sc_arena_take_array(arena, SC_MAX(n, 1u), sizeof *ids);
    if (!ids) return sc_rd_no_memory(err);
    for (size_t i = 0; i < n; i++) {
        sc_unpack_array(&r.body);
        ids[i] = sc_unpack_id_text(&r.body);
        sc_unpack_str(&r.body);
        sc_unpack_int(&r.body);
    }
    *ret = ids;
    *ret_n = n;
    return sc_rd_read_check(&r.body, false, err);
}

/* ---- Where a job lives --------------------------------------------------------------------------- */

void sc_rd_home_note(sc_rd *s, const sc_id *job, const sc_id *project) {
    pthread_mutex_lock(&s->lock);
    s->homes[place_of(job)] = (sc_rd_home){*job, *project};
    pthread_mutex_unlock(&s->lock);
}

static sc_rc has_job(sc_rd *s, const sc_id *project, const sc_id *job, sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 1);
    sc_pack_id(&r.args, job);
    return sc_rd_ask(s, SC_RD_job_get, project, &r, err);
}

/* The process that made it died before it told: each project is asked. */
static sc_rc search_home(sc_rd *s, const sc_id *job, sc_id *ret, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_id *ids, none = {{0}};
    size_t n;
    sc_arena_init(&arena, 64 << 20);
    sc_rc rc = sc_rd_projects(s, &arena, &ids, &n, err);
    for (size_t i = 0; !rc && i <= n; i++) {
        const sc_id *p = i < n ? &ids[i] : &none;
        rc = has_job(s, p, job, err);
        if (!rc) {
            *ret = *p;
            return SC_OK;
        }
        if (rc == SC_NOT_FOUND) rc = SC_OK;
    }
    return rc ? rc : sc_fail(err, SC_NOT_FOUND, "no such job");
}

sc_rc sc_rd_home_of(sc_rd *s, const sc_id *job, sc_id *ret, sc_err *err) {
    SC_RD_RUN(r);
    pthread_mutex_lock(&s->lock);
    const sc_rd_home had = s->homes[place_of(job)];
    pthread_mutex_unlock(&s->lock);
    if (sc_id_is_set(job) && sc_id_eq(&had.job, job)) {
        *ret = had.project;
        return SC_OK;
    }
    sc_rd_run_init(&r, 1);
    sc_pack_id(&r.args, job);
    sc_rc rc = sc_rd_ask(s, SC_RD_job_home, NULL, &r, err);
    if (rc) return rc;
    sc_str home = sc_unpack_str(&r.body);
    rc = sc_rd_read_check(&r.body, false, err);
    if (!rc && home.n == 0) return search_home(s, job, ret, err);
    if (!rc) *ret = sc_id_of(home); /* "i" is none */
    return rc;
}
