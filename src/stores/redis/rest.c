#include "stores/redis/rest.h"

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "net/http_client.h"
#include "net/service.h"
#include "stores/redis/rest_answer.h"

enum {
    MAX_ANSWER = 64 << 20,  /* of one request, in base64 */
    MAX_REQUEST = 96 << 20, /* a script's largest argument, or a pipeline in JSON */
    MAX_PATH = 64 << 10,
    KEPT = 1 << 20,         /* of a buffer between two requests: links live long */
    LIMITED_WAIT_MS = 1000, /* after "too many" without a time */
};

struct sc_rd_rest {
    sc_rd_address to;
    sc_http_client *client;
    redisReader *commands, *answers;
    sc_buf url, body, got; /* of one request */
    size_t base;           /* bytes of the address in url */
    size_t waiting;        /* commands in body */
    sc_err late;           /* what failed after something was sent; SC_OK: nothing */
    bool answered;         /* of what is sent now, something was */
};

/* ---- One request ----------------------------------------------------------------------------------- */

static bool keep(void *self, sc_str bytes) { return sc_buf_put_str(self, bytes); }

/* Empties; what one large request took is given back. */
static void empty(sc_buf *b) {
    if (b->cap > KEPT)
        sc_buf_done(b);
    else
        sc_buf_reset(b);
}

static sc_rc no_answer(const sc_rd_rest *r, const sc_err *why, sc_err *err) {
    return sc_fail(err, SC_STORE, "Redis over REST at %.60s: %.120s", r->to.host, why->msg);
}

/* When it wants to be asked again; 0: it does not say. Upstash's own limits are errors without a time (400), but what stands
 * in front of it, or of another server of the protocol, may say 429 or 503 (RFC 9110, 10.2.3). */
static int64_t wait_of(const sc_http_answer *a) {
    if (a->status != 429 && a->status != 503) return 0;
    const int64_t ms = sc_service_retry_after_ms(a->retry_after, sc_now_ms(&sc_clock_system));
    return SC_MIN(ms || a->status == 503 ? ms : (int64_t)LIMITED_WAIT_MS,
                  (int64_t)SC_RD_REST_MOST_WAIT_MS);
}

static sc_rc exchange(sc_rd_rest *r, sc_str body, bool json, bool pipeline, size_t n,
                      bool *ret_sent, sc_err *err) {
    char token[300];
    SC_AUTO(sc_arena_done) sc_arena arena;
    SC_AUTO(sc_buf_done) sc_buf text;
    sc_http_answer answer;
    sc_err why = {0};
    sc_str secret = sc_str_of(r->to.password);
    snprintf(token, sizeof token, "Authorization: Bearer %s", r->to.password);
    const char *const headers[] = {token, "Upstash-Encoding: base64",
                                   json ? "Content-Type: application/json"
                                        : "Content-Type: application/octet-stream"};
    sc_arena_init(&arena, 64 << 10);
    sc_buf_init(&text, MAX_ANSWER);
    *ret_sent = false;
    sc_rc rc = sc_buf_check(&r->url, "the address of a request to Redis", err);
    if (rc) return rc;
    const sc_http_call call = {.method = "POST",
                               .url = r->url.p,
                               .headers = headers,
                               .n_headers = SC_LEN(headers),
                               .body = body,
                               .write = keep,
                               .self = &r->got,
                               .timeout_ms = r->to.timeout_ms,
                               .max_reply_bytes = MAX_ANSWER,
                               .once_kept = true,
                               .ca_file = r->to.ca_file,
                               .direct = !r->to.tls};
    rc = sc_http_client_do(r->client, &call, &arena, &answer, &why);
    *ret_sent = why.sys != ECONNREFUSED && rc != SC_INVALID;
    if (r->got.no_memory) return sc_fail(err, SC_NOMEM, "no memory for an answer of Redis");
    if (rc) return no_answer(r, &why, err);
    sc_str said = sc_buf_str(&r->got);
    if (answer.status >= 500 || answer.status < 200 || answer.status == 408) {
        snprintf(why.msg, sizeof why.msg, "answered %d", answer.status);
        no_answer(r, &why, err);
        if (err) err->retry_after_ms = wait_of(&answer);
        return SC_STORE;
    }
    if (answer.status < 300)
        rc = sc_rd_rest_answer(said, pipeline, n, secret, &text, &why);
    else
        sc_rd_rest_refusal(answer.status, said, n, wait_of(&answer), secret, &text);
    if (rc == SC_NOMEM || text.failed)
        return sc_fail(err, SC_NOMEM, "no memory for an answer of Redis");
    if (rc) return no_answer(r, &why, err);
    if (redisReaderFeed(r->answers, text.p, text.n) != REDIS_OK)
        return sc_fail(err, SC_NOMEM, "no memory for an answer of Redis");
    r->answered = true;
    return SC_OK;
}

/* `n` commands at what r->url says, answered into the reader. *ret_sent: the server may have got them. */
static sc_rc request(sc_rd_rest *r, sc_str body, bool json, bool pipeline, size_t n, bool *ret_sent,
                     sc_err *err) {
    sc_rc rc = exchange(r, body, json, pipeline, n, ret_sent, err);
    empty(&r->got);
    return rc;
}

static void aim(sc_rd_rest *r, const char *path) {
    r->url.n = r->base;
    sc_buf_puts(&r->url, path);
}

/* ---- Commands -------------------------------------------------------------------------------------- */

static sc_str word(const redisReply *command, size_t i) {
    return (sc_str){command->element[i]->str, command->element[i]->len};
}

static bool is_text(const redisReply *command) {
    for (size_t i = 0; i < command->elements; i++)
        if (!sc_utf8_valid(word(command, i))) return false;
    return true;
}

/* Commands of text wait in r->body until something else comes, or nothing more. */
static void add(sc_rd_rest *r, const redisReply *command) {
    sc_buf_putc(&r->body, r->waiting++ ? ',' : '[');
    sc_buf_putc(&r->body, '[');
    for (size_t i = 0; i < command->elements; i++) {
        if (i) sc_buf_putc(&r->body, ',');
        sc_buf_put_json(&r->body, word(command, i));
    }
    sc_buf_putc(&r->body, ']');
}

static sc_rc flush(sc_rd_rest *r, bool *ret_sent, sc_err *err) {
    size_t n = r->waiting;
    r->waiting = 0;
    *ret_sent = false;
    if (!n) return SC_OK;
    sc_buf_putc(&r->body, ']');
    sc_rc rc = sc_buf_check(&r->body, "a request to Redis", err);
    if (!rc) {
        sc_str all = sc_buf_str(&r->body);
        aim(r, n > 1 ? "/pipeline" : "/");
        if (n == 1) all = (sc_str){all.p + 1, all.n - 2};
        rc = request(r, all, true, n > 1, n, ret_sent, err);
    }
    empty(&r->body);
    return rc;
}

static void add_part(sc_rd_rest *r, sc_str part) {
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:";
    sc_buf_putc(&r->url, '/');
    for (size_t i = 0; i < part.n; i++) {
        char c = part.p[i];
        if (c && strchr(plain, c))
            sc_buf_putc(&r->url, c);
        else
            sc_buf_putf(&r->url, "%%%02X", (unsigned)(unsigned char)c);
    }
}

/* `sha`: of the script that is run instead of an EVAL's source; NULL: the command as it is. */
static sc_rc send_bytes(sc_rd_rest *r, const redisReply *c, const sc_str *sha, bool *ret_sent,
                        sc_err *err) {
    aim(r, "");
    for (size_t i = 0; i + 1 < c->elements; i++)
        add_part(r, sha && i == 0 ? SC_STR("EVALSHA") : sha && i == 1 ? *sha : word(c, i));
    return request(r, word(c, c->elements - 1), false, false, 1, ret_sent, err);
}

/* Who refuses the script refuses to run it. */
static sc_rc pass_on(sc_rd_rest *r, sc_str said, sc_err *err) {
    r->answered = true;
    if (redisReaderFeed(r->answers, "-", 1) == REDIS_OK &&
        redisReaderFeed(r->answers, said.p, said.n) == REDIS_OK &&
        redisReaderFeed(r->answers, "\r\n", 2) == REDIS_OK)
        return SC_OK;
    return sc_fail(err, SC_NOMEM, "no memory for an answer of Redis");
}

/* The script is no bytes and may be longer than any path: it goes ahead, which changes nothing, and is named then. */
static sc_rc send_script(sc_rd_rest *r, const redisReply *c, bool *ret_sent, sc_err *err) {
    redisReply *loaded = NULL;
    const bool before = r->answered;
    sc_buf_puts(&r->body, "[[\"SCRIPT\",\"LOAD\",");
    sc_buf_put_json(&r->body, word(c, 1));
    sc_buf_putc(&r->body, ']');
    r->waiting = 1;
    sc_rc rc = flush(r, ret_sent, err);
    *ret_sent = false;
    r->answered = before;
    if (rc) return rc;
    if (redisReaderGetReply(r->answers, (void **)&loaded) != REDIS_OK || !loaded)
        return sc_fail(err, SC_STORE, "Redis over REST at %.60s: no answer to SCRIPT LOAD",
                       r->to.host);
    const sc_str said = {loaded->str, loaded->len};
    if (loaded->type == REDIS_REPLY_STRING)
        rc = send_bytes(r, c, &said, ret_sent, err);
    else if (loaded->type == REDIS_REPLY_ERROR)
        rc = pass_on(r, said, err);
    else
        rc = sc_fail(err, SC_STORE, "Redis over REST at %.60s: no answer to SCRIPT LOAD",
                     r->to.host);
    freeReplyObject(loaded);
    return rc;
}

static sc_rc send_one(sc_rd_rest *r, const redisReply *c, bool *ret_sent, sc_err *err) {
    sc_rc rc = flush(r, ret_sent, err);
    if (rc) return rc;
    if (c->elements > 2 && sc_str_is(word(c, 0), "EVAL")) return send_script(r, c, ret_sent, err);
    return send_bytes(r, c, NULL, ret_sent, err);
}

static bool is_command(const redisReply *c) {
    if (c->type != REDIS_REPLY_ARRAY || !c->elements) return false;
    for (size_t i = 0; i < c->elements; i++)
        if (c->element[i]->type != REDIS_REPLY_STRING) return false;
    return true;
}

sc_rc sc_rd_rest_send(sc_rd_rest *r, const char *p, size_t n, sc_err *err) {
    sc_rc rc = SC_OK;
    bool sent = false;
    sc_err why = {0};
    r->answered = false;
    if (redisReaderFeed(r->commands, p, n) != REDIS_OK)
        return sc_fail(err, SC_NOMEM, "no memory for a request to Redis");
    while (!rc) {
        redisReply *c = NULL;
        if (redisReaderGetReply(r->commands, (void **)&c) != REDIS_OK || (c && !is_command(c)))
            rc = sc_fail(&why, SC_INTERNAL, "no command for Redis");
        if (!rc && c && is_text(c))
            add(r, c);
        else if (!rc && c)
            rc = send_one(r, c, &sent, &why);
        else if (!rc)
            rc = flush(r, &sent, &why);
        bool last = !c;
        if (c) freeReplyObject(c);
        if (last) break;
    }
    if (rc && !sent && !r->answered) {
        if (err) *err = why;
        return rc;
    }
    r->late = why;
    return SC_OK;
}

sc_rc sc_rd_rest_reply(sc_rd_rest *r, redisReply **ret, sc_err *err) {
    void *reply = NULL;
    if (redisReaderGetReply(r->answers, &reply) != REDIS_OK)
        return sc_fail(err, SC_STORE, "Redis over REST at %.60s answered what is no answer: %.80s",
                       r->to.host, r->answers->errstr);
    if (reply) {
        *ret = reply;
        return SC_OK;
    }
    if (!r->late.rc) return sc_fail(err, SC_INTERNAL, "Redis was asked nothing");
    if (err) *err = r->late;
    return r->late.rc;
}

/* ---- Life ------------------------------------------------------------------------------------------ */

sc_rc sc_rd_rest_open(const sc_rd_address *to, sc_rd_rest **ret, sc_err *err) {
    sc_rd_rest *r = sc_alloc(sizeof *r);
    if (!r) return sc_fail(err, SC_NOMEM, "no memory for a connection");
    bool v6 = strchr(to->host, ':');
    r->to = *to;
    sc_buf_init(&r->url, MAX_PATH);
    sc_buf_init(&r->body, MAX_REQUEST);
    sc_buf_init(&r->got, MAX_ANSWER);
    sc_buf_putf(&r->url, "%s://%s%s%s:%d", to->tls ? "https" : "http", v6 ? "[" : "", to->host,
                v6 ? "]" : "", to->port);
    r->base = r->url.n;
    r->commands = redisReaderCreate();
    r->answers = redisReaderCreate();
    sc_rc rc = r->commands && r->answers && !r->url.failed
                   ? sc_http_client_new(&r->client, err)
                   : sc_fail(err, SC_NOMEM, "no memory for a connection");
    if (rc)
        sc_rd_rest_close(r);
    else
        *ret = r;
    return rc;
}

void sc_rd_rest_close(sc_rd_rest *r) {
    if (!r) return;
    sc_http_client_free(r->client);
    if (r->commands) redisReaderFree(r->commands);
    if (r->answers) redisReaderFree(r->answers);
    sc_buf_done(&r->url);
    sc_buf_done(&r->body);
    sc_buf_done(&r->got);
    sc_free(r);
}
