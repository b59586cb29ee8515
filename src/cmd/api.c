/* The public API as the verbs see it: which server, one call, all pages, whole ids. */
#include <unistd.h>

#include "app/access.h"
#include "cmd/cmd.h"
#include "net/http_client.h"

enum {
    ARENA_BYTES = 96 << 20,
    PAGE = 500,
    CALL_MS = 120000,
    TYPED_MIN = 6,
    ID_LEN = SC_ID_TEXT - 1
};

struct sc_api {
    sc_http_client *http;
    sc_stack *own; /* the stack in this process, when there was no server */
    char *url;     /* no slash at the end */
    char key[300];
    const char *project;
};

/* ---- Which server -------------------------------------------------------------------------------- */

sc_rc sc_api_open_at(const char *url, const char *key, const char *project, sc_api **ret,
                     sc_err *err) {
    sc_api *a = sc_alloc(sizeof *a);
    if (a) a->url = sc_strdup(url);
    if (!a || !a->url) {
        sc_api_close(a);
        return sc_fail(err, SC_NOMEM, "out of memory");
    }
    size_t n = strlen(a->url);
    while (n && a->url[n - 1] == '/') a->url[--n] = 0;
    if (n > 4 && !strcmp(a->url + n - 4, "/api")) a->url[n - 4] = 0;
    a->project = project && *project ? project : NULL;
    if (key && strlen(key) >= sizeof a->key) {
        sc_api_close(a);
        return sc_fail(err, SC_INVALID, "that is no API key: it is too long");
    }
    snprintf(a->key, sizeof a->key, "%s", key ? key : "");
    sc_rc rc = sc_http_client_new(&a->http, err);
    if (rc)
        sc_api_close(a);
    else
        *ret = a;
    return rc;
}

static sc_rc open_own(sc_call *c, unsigned flags, sc_api **ret, sc_err *err) {
    unsigned parts =
        SC_STACK_SERVER | (flags & SC_API_GROUPS ? SC_STACK_WORKER | SC_STACK_SCHEDULER : 0);
    sc_stack *own = NULL;
    sc_log_from(c, "warn");
    sc_rc rc = sc_stack_open(c, parts, "127.0.0.1:0", &own, err);
    if (rc) return rc;
    sc_secret secret;
    sc_access_local(sc_stack_app(own), &secret);
    rc = sc_api_open_at(sc_stack_url(own), secret.text, c->common.project, ret, err);
    if (rc)
        sc_stack_close(own);
    else
        (*ret)->own = own;
    return rc;
}

sc_rc sc_api_open(sc_call *c, unsigned flags, sc_api **ret, sc_err *err) {
    const sc_common *o = &c->common;
    if (o->server && *o->server) {
        if (strncmp(o->server, "http://", 7) && strncmp(o->server, "https://", 8))
            return sc_fail(err, SC_INVALID, "--server %s: say http://... or https://...",
                           o->server);
        if (!o->key || !*o->key)
            return sc_fail(err, SC_INVALID, "a server needs a key: set SOULCASTER_KEY (or --key)");
        return sc_api_open_at(o->server, o->key, o->project, ret, err);
    }
    sc_running found;
    if (sc_running_find(o->data, &found, NULL) == SC_OK)
        return sc_api_open_at(found.url, found.key, o->project, ret, err);
    if (!sc_stack_is_stored(c) && !(flags & (SC_API_GROUPS | SC_API_MAKES)))
        return sc_fail(
            err, SC_NOT_FOUND,
            "nothing is stored in %s: name the data folder with --data, or a server with --server",
            o->data);
    return open_own(c, flags, ret, err);
}

void sc_api_close(sc_api *a) {
    if (!a) return;
    sc_http_client_free(a->http);
    sc_stack_close(a->own);
    sc_free(a->url);
    sc_free(a);
}

bool sc_api_is_own(const sc_api *a) { return a->own != NULL; }
const char *sc_api_url(const sc_api *a) { return a->url; }

bool sc_api_ready(sc_call *c, unsigned flags, sc_api **ret, int *ret_exit) {
    sc_err err = {0};
    sc_rc rc = sc_api_open(c, flags, ret, &err);
    if (rc) *ret_exit = sc_cmd_fail_err(c, &err);
    return rc == SC_OK;
}

/* ---- Paths --------------------------------------------------------------------------------------- */

static void escaped(sc_buf *b, sc_str s) {
    for (size_t i = 0; i < s.n; i++) {
        unsigned char ch = (unsigned char)s.p[i];
        bool plain = (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') ||
                     (ch >= 'A' && ch <= 'Z') || strchr("-._~", ch);
        if (plain && ch)
            sc_buf_putc(b, (char)ch);
        else
            sc_buf_putf(b, "%%%02X", ch);
    }
}

void sc_path_start(sc_buf *b, const char *path) {
    sc_buf_reset(b);
    sc_buf_puts(b, path);
}

void sc_path_add(sc_buf *b, const char *name, sc_str value) {
    if (value.n == 0) return;
    sc_buf_putc(b, b->p && strchr(b->p, '?') ? '&' : '?');
    sc_buf_puts(b, name);
    sc_buf_putc(b, '=');
    escaped(b, value);
}

void sc_path_int(sc_buf *b, const char *name, int64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    sc_path_add(b, name, sc_str_of(text));
}

/* ---- One call ------------------------------------------------------------------------------------ */

static sc_rc rc_of_status(int status) {
    static const struct {
        int status;
        sc_rc rc;
    } table[] = {{401, SC_UNAUTHORIZED},  {403, SC_FORBIDDEN}, {404, SC_NOT_FOUND},
                 {409, SC_CONFLICT},      {413, SC_TOO_LARGE}, {415, SC_MEDIA_TYPE},
                 {422, SC_UNPROCESSABLE}, {429, SC_LIMITED},   {503, SC_STORE},
                 {504, SC_TIMEOUT}};
    for (size_t i = 0; i < SC_LEN(table); i++)
        if (table[i].status == status) return table[i].rc;
    return status < 500 ? SC_UNPROCESSABLE : SC_UPSTREAM;
}

/* An answer of 400 and more as an error with the problem's own words. */
static sc_rc problem(const sc_http_answer *answer, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_err e = {0};
    sc_rc rc = rc_of_status(answer->status);
    if (sc_json_parse(answer->body, &v, NULL)) v = NULL;
    SC_AUTO(sc_buf_done) sc_buf words;
    sc_buf_init(&words, sizeof e.msg);
    sc_out_clean(&words, sc_str_clip(sc_json_str_at(v, "detail"), 160));
    sc_str field = sc_json_str_at(v, "field");
    const char *help = rc == SC_UNAUTHORIZED ? " (set SOULCASTER_KEY)" : "";
    sc_fail(&e, rc, "%.*s%s%s%s", SC_FMT(field), field.n ? ": " : "",
            words.n ? words.p : "the server said no", help);
    if (!words.n) sc_wrap(&e, "HTTP %d", answer->status);
    int64_t s = 0;
    if (sc_num_i64(answer->retry_after, 0, 86400, &s, NULL) == SC_OK) e.retry_after_ms = s * 1000;
    if (err) *err = e;
    return rc;
}

/* `project_id` belongs to almost every operation; it is added where the path does not say it already. */
static void url_of(const sc_api *a, const char *path, sc_buf *url) {
    sc_buf_puts(url, a->url);
    sc_buf_puts(url, path);
    bool none = !strncmp(path, "/health", 7) || !strncmp(path, "/api/projects", 13);
    if (!a->project || none) return;
    sc_buf_putf(url, "%sproject_id=", strchr(path, '?') ? "&" : "?");
    escaped(url, sc_str_of(a->project));
}

static sc_rc exchange(sc_api *a, const char *method, const char *path, const char *type,
                      sc_str body, sc_arena *arena, sc_http_answer *ret, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf url;
    sc_buf_init(&url, 64 << 10);
    url_of(a, path, &url);
    sc_rc rc = sc_buf_check(&url, "the address", err);
    if (rc) return rc;
    char key[340], content[80];
    const char *headers[3] = {"User-Agent: soulcaster-cli"};
    size_t n = 1;
    if (*a->key) {
        snprintf(key, sizeof key, "X-API-Key: %s", a->key);
        headers[n++] = key;
    }
    if (type) {
        snprintf(content, sizeof content, "Content-Type: %s", type);
        headers[n++] = content;
    }
    sc_http_call call = {.method = method,
                         .url = url.p,
                         .headers = headers,
                         .n_headers = n,
                         .body = body,
                         .timeout_ms = CALL_MS};
    rc = sc_http_client_do(a->http, &call, arena, ret, err);
    if (rc) return sc_wrap(err, "%s", a->url);
    return ret->status >= 400 ? problem(ret, err) : SC_OK;
}

sc_rc sc_api_do(sc_api *a, const char *method, const char *path, const json_t *body, json_t **ret,
                sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    SC_AUTO(sc_buf_done) sc_buf text;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_buf_init(&text, 16 << 20);
    if (body) sc_json_dump(body, &text);
    sc_rc rc = sc_buf_check(&text, "the request", err);
    sc_http_answer answer = {0};
    if (rc == SC_OK)
        rc = exchange(a, method, path, body ? "application/json" : NULL, sc_buf_str(&text), &arena,
                      &answer, err);
    if (ret) *ret = NULL;
    if (rc || !ret || answer.body.n == 0) return rc;
    rc = sc_json_parse(answer.body, ret, err);
    return rc ? sc_fail(err, SC_UPSTREAM, "%s answered something that is not JSON", a->url) : SC_OK;
}

sc_rc sc_api_ndjson(sc_api *a, const char *path, sc_str body, sc_arena *arena, sc_str *ret,
                    sc_err *err) {
    sc_http_answer answer = {0};
    sc_rc rc = exchange(a, "POST", path, "application/x-ndjson", body, arena, &answer, err);
    *ret = answer.body;
    return rc;
}

sc_rc sc_api_each(sc_api *a, const char *path, sc_api_item_fn fn, void *self, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf at;
    SC_AUTO(sc_buf_done) sc_buf cursor;
    sc_buf_init(&at, 64 << 10);
    sc_buf_init(&cursor, 4096);
    for (;;) {
        sc_path_start(&at, path);
        sc_path_int(&at, "limit", PAGE);
        sc_path_add(&at, "cursor", sc_buf_str(&cursor));
        SC_AUTO(sc_json_auto) json_t *page = NULL;
        sc_rc rc = sc_api_do(a, "GET", at.p, NULL, &page, err);
        if (rc) return rc;
        size_t i;
        json_t *item;
        json_array_foreach(json_object_get(page, "items"), i,
                           item) if (!fn(self, item)) return SC_OK;
        sc_buf_reset(&cursor);
        sc_buf_put_str(&cursor, sc_json_str_at(page, "next_cursor"));
        if (cursor.n == 0) return SC_OK;
    }
}

sc_rc sc_api_wait_grouped(sc_api *a, sc_err *err) {
    sc_progress p;
    sc_progress_start(&p, "grouping");
    int64_t first = -1, wait_ms = 5;
    for (;;) {
        SC_AUTO(sc_json_auto) json_t *status = NULL;
        sc_rc rc = sc_api_do(a, "GET", "/api/clustering/status", NULL, &status, err);
        int64_t left = 0;
        if (rc == SC_OK) rc = sc_json_int(status, "pending_unclustered", 0, &left, err);
        if (rc || left == 0) {
            sc_progress_end(&p);
            return rc;
        }
        if (left > first) first = left;
        sc_progress_tell(&p, first - left, first);
        sc_sleep_ms(wait_ms);
        wait_ms = SC_MIN(wait_ms * 2, 200);
    }
}

/* ---- Whole ids ----------------------------------------------------------------------------------- */

typedef struct hunt {
    sc_str typed;
    sc_id found;
    size_t n;
} hunt;

static bool compare(void *self, const json_t *item) {
    hunt *h = self;
    sc_str id = sc_json_str_at(item, "id");
    if (id.n < h->typed.n) return true;
    bool fits = sc_str_ieq((sc_str){id.p, h->typed.n}, h->typed) ||
                sc_str_ieq((sc_str){id.p + id.n - h->typed.n, h->typed.n}, h->typed);
    if (!fits) return true;
    h->found = sc_id_of(id);
    return ++h->n < 2;
}

sc_rc sc_api_resolve(sc_api *a, const char *path, const char *typed, sc_id *ret, sc_err *err) {
    hunt h = {.typed = sc_str_of(typed)};
    if (sc_id_valid(h.typed)) {
        *ret = sc_id_of(h.typed);
        return SC_OK;
    }
    for (size_t i = 0; i < h.typed.n; i++)
        if (!strchr("0123456789abcdefABCDEF-", typed[i])) h.typed.n = 0;
    if (h.typed.n < TYPED_MIN || h.typed.n > ID_LEN)
        return sc_fail(
            err, SC_INVALID,
            "'%s' is no id: give all of it, or at least %d characters of its beginning or end",
            typed, TYPED_MIN);
    sc_rc rc = sc_api_each(a, path, compare, &h, err);
    if (rc) return rc;
    if (h.n == 0) return sc_fail(err, SC_NOT_FOUND, "no id begins or ends with %s", typed);
    if (h.n > 1)
        return sc_fail(err, SC_INVALID, "several ids begin or end with %s; give more of it", typed);
    *ret = h.found;
    return SC_OK;
}

bool sc_print_json(const sc_call *c, const json_t *v) {
    if (!c->common.json) return false;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, (size_t)1 << 30);
    if (sc_json_dump(v, &b)) fwrite(b.p, 1, b.n, stdout);
    putchar('\n');
    return true;
}
