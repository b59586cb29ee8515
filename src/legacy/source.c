#include "legacy/source.h"

#include <stdio.h>

#include "stores/redis/link.h"

enum { MAX_REQUEST = 64 << 20, AT_ONCE = 1000, MOST_TOGETHER = 8 << 20 };

struct sc_legacy_source {
    sc_rd_link *link;
    sc_buf out;   /* commands that wait to be sent  */
    size_t asked; /* how many they are              */
};

sc_rc sc_legacy_open(const char *url, const char *token, const char *ca_file, int64_t timeout_ms,
                     sc_legacy_source **ret, sc_err *err) {
    sc_rd_address to;
    sc_rc rc = sc_rd_address_parse(sc_str_of(url), token, &to, err);
    if (rc) return rc;
    to.timeout_ms = (int)timeout_ms;
    snprintf(to.ca_file, sizeof to.ca_file, "%s", ca_file ? ca_file : "");
    sc_legacy_source *s = sc_alloc(sizeof *s);
    if (!s) return sc_fail(err, SC_NOMEM, "no memory for the old system's Redis");
    sc_buf_init(&s->out, MAX_REQUEST);
    rc = sc_rd_link_open(&to, &s->link, err);
    if (rc)
        sc_legacy_close(s);
    else
        *ret = s;
    return rc;
}

void sc_legacy_close(sc_legacy_source *s) {
    if (!s) return;
    sc_rd_link_close(s->link);
    sc_buf_done(&s->out);
    sc_free(s);
}

/* ---- Questions and answers ------------------------------------------------------------------------- */

static void put_word(sc_legacy_source *s, sc_str word) {
    sc_buf_putf(&s->out, "$%zu\r\n", word.n);
    sc_buf_put(&s->out, word.p, word.n);
    sc_buf_puts(&s->out, "\r\n");
}

/* https://redis.io/docs/latest/develop/reference/protocol-spec/ */
static void ask(sc_legacy_source *s, const char *command, sc_str key, size_t more) {
    sc_buf_putf(&s->out, "*%zu\r\n", 1 + (key.p ? 1 : 0) + more);
    put_word(s, sc_str_of(command));
    if (key.p) put_word(s, key);
    s->asked++;
}

static sc_rc send_all(sc_legacy_source *s, sc_err *err) {
    sc_rc rc = sc_buf_check(&s->out, "a question to the old system's Redis", err);
    if (!rc && s->asked) rc = sc_rd_link_send(s->link, s->out.p, s->out.n, err);
    sc_buf_reset(&s->out);
    s->asked = 0;
    return rc;
}

/* What this user may not do at all is said; what one key refuses (WRONGTYPE) is an answer. */
static sc_rc answer(sc_legacy_source *s, redisReply **ret, sc_err *err) {
    redisReply *r = NULL;
    sc_rc rc = sc_rd_link_reply(s->link, &r, err);
    if (rc) return rc;
    if (r->type == REDIS_REPLY_ERROR && strncmp(r->str, "WRONGTYPE", 9) != 0) {
        sc_fail(err, SC_STORE, "the old system's Redis refuses: %.150s", r->str);
        freeReplyObject(r);
        return SC_STORE;
    }
    *ret = r;
    return SC_OK;
}

static int64_t number_of(const redisReply *r) {
    return r->type == REDIS_REPLY_INTEGER ? (int64_t)r->integer : 0;
}

static sc_rc numbers(sc_legacy_source *s, size_t n, int64_t *ret, sc_err *err) {
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < n; i++) {
        redisReply *r = NULL;
        if ((rc = answer(s, &r, err))) break;
        ret[i] = number_of(r);
        freeReplyObject(r);
    }
    return rc;
}

/* ---- Names and members ------------------------------------------------------------------------------ */

/* One page of SCAN or SSCAN; the cursor is text, as Redis gives it. */
static sc_rc take_page(const redisReply *r, char cursor[32], sc_legacy_name_fn fn, void *self,
                       sc_err *err) {
    if (r->type == REDIS_REPLY_ERROR) return sc_fail(err, SC_UNPROCESSABLE, "is no set");
    if (r->type != REDIS_REPLY_ARRAY || r->elements != 2 ||
        r->element[0]->type != REDIS_REPLY_STRING || r->element[0]->len >= 32 ||
        r->element[1]->type != REDIS_REPLY_ARRAY)
        return sc_fail(err, SC_STORE, "the old system's Redis gave no answer to SCAN");
    memcpy(cursor, r->element[0]->str, r->element[0]->len + 1);
    for (size_t i = 0; i < r->element[1]->elements; i++) {
        const redisReply *e = r->element[1]->element[i];
        if (e->type == REDIS_REPLY_STRING && !fn(self, (sc_str){e->str, e->len}))
            return sc_fail(err, SC_NOMEM, "no memory for the names of the old system");
    }
    return SC_OK;
}

static sc_rc scan(sc_legacy_source *s, const char *command, sc_str key, sc_legacy_name_fn fn,
                  void *self, sc_err *err) {
    char cursor[32] = "0", count[16];
    sc_rc rc = SC_OK;
    snprintf(count, sizeof count, "%d", AT_ONCE);
    do {
        redisReply *r = NULL;
        ask(s, command, key, 3);
        put_word(s, sc_str_of(cursor));
        put_word(s, SC_STR("COUNT"));
        put_word(s, sc_str_of(count));
        rc = send_all(s, err);
        if (!rc) rc = answer(s, &r, err);
        if (!rc) rc = take_page(r, cursor, fn, self, err);
        if (r) freeReplyObject(r);
    } while (!rc && strcmp(cursor, "0") != 0);
    return rc;
}

sc_rc sc_legacy_names(sc_legacy_source *s, sc_legacy_name_fn fn, void *self, sc_err *err) {
    return scan(s, "SCAN", SC_STR_NONE, fn, self, err);
}

sc_rc sc_legacy_members(sc_legacy_source *s, sc_str key, sc_legacy_name_fn fn, void *self,
                        sc_err *err) {
    return scan(s, "SSCAN", key, fn, self, err);
}

/* ---- Values ---------------------------------------------------------------------------------------- */

static bool copy(sc_arena *arena, const redisReply *r, sc_str *ret) {
    if (r->type != REDIS_REPLY_STRING) return true;
    char *p = sc_arena_copy(arena, r->str, r->len);
    *ret = (sc_str){p, r->len};
    return p != NULL;
}

static sc_rc types_of(sc_legacy_source *s, const sc_str *keys, size_t n, sc_legacy_value *ret,
                      sc_err *err) {
    for (size_t i = 0; i < n; i++) ask(s, "TYPE", keys[i], 0);
    sc_rc rc = send_all(s, err);
    for (size_t i = 0; !rc && i < n; i++) {
        redisReply *r = NULL;
        if ((rc = answer(s, &r, err))) break;
        /* Over REST a status is a string like any other. */
        bool status = r->type == REDIS_REPLY_STATUS || r->type == REDIS_REPLY_STRING;
        ret[i].hash = status && !strcmp(r->str, "hash");
        if (status && !strcmp(r->str, "none"))
            ret[i].why = "it is gone";
        else if (!ret[i].hash && !(status && !strcmp(r->str, "string")))
            ret[i].why = "it is neither a hash nor a string";
        freeReplyObject(r);
    }
    return rc;
}

/* A value is asked how long it is before it is asked for. */
static sc_rc sizes_of(sc_legacy_source *s, const sc_str *keys, size_t n, const char *const *fields,
                      size_t n_fields, sc_legacy_value *ret, int64_t *ret_bytes, sc_err *err) {
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; !ret[i].why && k < (ret[i].hash ? n_fields : 1); k++) {
            ask(s, ret[i].hash ? "HSTRLEN" : "STRLEN", keys[i], ret[i].hash ? 1 : 0);
            if (ret[i].hash) put_word(s, sc_str_of(fields[k]));
        }
    sc_rc rc = send_all(s, err);
    for (size_t i = 0; !rc && i < n; i++) {
        int64_t sizes[SC_LEGACY_MOST_FIELDS] = {0}, all = 0;
        size_t some = ret[i].hash ? n_fields : 1;
        if (ret[i].why) continue;
        rc = numbers(s, some, sizes, err);
        for (size_t k = 0; k < some; k++) all += SC_MIN(sizes[k], (int64_t)SC_LEGACY_MAX_VALUE + 1);
        if (all > SC_LEGACY_MAX_VALUE) ret[i].why = "it is over 4 MiB";
        ret_bytes[i] = all;
    }
    return rc;
}

static sc_rc values_of(sc_legacy_source *s, size_t n, size_t n_fields, sc_arena *arena,
                       sc_legacy_value *ret, sc_err *err) {
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < n; i++) {
        redisReply *r = NULL;
        bool ok = true;
        if (ret[i].why) continue;
        if ((rc = answer(s, &r, err))) break;
        if (ret[i].hash && r->type == REDIS_REPLY_ARRAY && r->elements == n_fields)
            for (size_t k = 0; ok && k < n_fields; k++)
                ok = copy(arena, r->element[k], &ret[i].fields[k]);
        else if (!ret[i].hash)
            ok = copy(arena, r, &ret[i].text);
        else
            ret[i].why = "it changed meanwhile";
        if (!ok) rc = sc_fail(err, SC_NOMEM, "no memory for the old system's values");
        freeReplyObject(r);
    }
    return rc;
}

sc_rc sc_legacy_fetch(sc_legacy_source *s, const sc_str *keys, size_t n, const char *const *fields,
                      size_t n_fields, sc_arena *arena, sc_legacy_value *ret, sc_err *err) {
    for (size_t i = 0; i < n; i++) ret[i] = (sc_legacy_value){.why = NULL};
    int64_t bytes[SC_LEGACY_MOST_KEYS] = {0};
    sc_rc rc = types_of(s, keys, n, ret, err);
    if (!rc) rc = sizes_of(s, keys, n, fields, n_fields, ret, bytes, err);
    for (size_t from = 0, i = 0; !rc && from < n; from = i) {
        int64_t together = 0; /* over REST all that is asked at once is one answer */
        for (; i < n && (i == from || together + bytes[i] <= MOST_TOGETHER); i++) {
            together += bytes[i];
            if (ret[i].why) continue;
            ask(s, ret[i].hash ? "HMGET" : "GET", keys[i], ret[i].hash ? n_fields : 0);
            for (size_t k = 0; ret[i].hash && k < n_fields; k++) put_word(s, sc_str_of(fields[k]));
        }
        rc = send_all(s, err);
        if (!rc) rc = values_of(s, i - from, n_fields, arena, ret + from, err);
    }
    return rc;
}

/* ---- Lists ---------------------------------------------------------------------------------------- */

/* Rows from `from` on, each with a line's end, as far as there is room. *ret_n: how many there were. */
static sc_rc list_page(sc_legacy_source *s, sc_str key, size_t from, size_t n, sc_buf *b,
                       size_t *ret_n, sc_err *err) {
    char first[24], last[24];
    redisReply *r = NULL;
    snprintf(first, sizeof first, "%zu", from);
    snprintf(last, sizeof last, "%zu", from + n - 1);
    ask(s, "LRANGE", key, 2);
    put_word(s, sc_str_of(first));
    put_word(s, sc_str_of(last));
    sc_rc rc = send_all(s, err);
    if (!rc) rc = answer(s, &r, err);
    if (rc) return rc;
    *ret_n = r->type == REDIS_REPLY_ARRAY ? r->elements : 0;
    if (r->type == REDIS_REPLY_ERROR) rc = sc_fail(err, SC_UNPROCESSABLE, "it is no list");
    for (size_t i = 0; i < *ret_n && b->n < b->max; i++) {
        const redisReply *e = r->element[i];
        if (e->type == REDIS_REPLY_STRING) sc_buf_put(b, e->str, SC_MIN(e->len, b->max - b->n));
        if (b->n < b->max) sc_buf_putc(b, '\n');
    }
    freeReplyObject(r);
    return rc;
}

/* How long its rows are is told by no command that every Redis has, so few are asked for at first, and then as many as
 * those before let expect to be handy. */
sc_rc sc_legacy_list(sc_legacy_source *s, sc_str key, size_t max_bytes, sc_arena *arena,
                     sc_str *ret, sc_err *err) {
    enum { HANDY = 256 << 10 };
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, max_bytes);
    sc_rc rc = SC_OK;
    for (size_t from = 0, n = 1, got = 1; !rc && got == n && b.n < max_bytes; from += got) {
        if (from) n = SC_MIN(SC_MIN(2 * n, (size_t)AT_ONCE), SC_MAX(HANDY / (b.n / from + 1), 1));
        rc = list_page(s, key, from, n, &b, &got, err);
    }
    if (!rc) rc = sc_buf_check(&b, "a log of the old system", err);
    if (rc) return rc;
    char *p = sc_arena_copy(arena, b.p ? b.p : "", b.n);
    if (!p) return sc_fail(err, SC_NOMEM, "no memory for a log of the old system");
    *ret = (sc_str){p, b.n};
    return SC_OK;
}
