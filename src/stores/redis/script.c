#include "stores/redis/script.h"

#include <openssl/evp.h>
#include <pthread.h>

#include "assets.h"

typedef struct text {
    char *source;
    size_t n;
    char sha[41];
} text;

typedef struct made {
    const char *name, *parts, *keys;
    const unsigned char *body;
    const size_t *body_n;
    text alone, whole; /* whole: only of writes in a project */
} made;

static made scripts[] = {
#define X(name, parts, keys) \
    {#name, parts, keys, sc_asset_redis_##name, &sc_asset_redis_##name##_len, {0}, {0}},
    SC_RD_SCRIPTS(X)
#undef X
};

static void put_part(sc_buf *b, char part) {
    switch (part) {
    case 'j': sc_buf_put(b, sc_asset_redis_jobs, sc_asset_redis_jobs_len); break;
    case 'r': sc_buf_put(b, sc_asset_redis_reports, sc_asset_redis_reports_len); break;
    case 'f': sc_buf_put(b, sc_asset_redis_fixes, sc_asset_redis_fixes_len); break;
    case 'k': sc_buf_put(b, sc_asset_redis_issues, sc_asset_redis_issues_len); break;
    case 'i': sc_buf_put(b, sc_asset_redis_items, sc_asset_redis_items_len); break;
    default: break; /* w */
    }
}

/* K names the declared keys; a family's is its beginning without the colon. */
static void put_keys(sc_buf *b, const char *keys, int *at) {
    sc_str rest = sc_str_of(keys), key;
    while (sc_str_next(&rest, ' ', &key)) {
        if (sc_str_ends(key, ":")) key.n--;
        sc_buf_putf(b, "['%.*s']=KEYS[%d],", SC_FMT(key), ++*at);
    }
}

/* What follows becomes a function beside the step's: `whole` calls both. */
static void put_whole(sc_buf *b, const made *m) {
    sc_buf_puts(b, "local function step()\n");
    sc_buf_put(b, m->body, *m->body_n);
    sc_buf_puts(b, "\nend\nlocal function tell(A)\n");
    sc_buf_put(b, sc_asset_redis_after, sc_asset_redis_after_len);
    sc_buf_puts(b, "\nend\n");
    sc_buf_put(b, sc_asset_redis_whole, sc_asset_redis_whole_len);
}

static void make(const made *m, bool whole, text *ret) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    int at = 0;
    sc_buf b;
    sc_buf_init(&b, 256 << 10);
    sc_buf_puts(&b, "local K={");
    put_keys(&b, m->keys, &at);
    if (whole) put_keys(&b, SC_RD_WHOLE_KEYS, &at);
    sc_buf_puts(&b, "}\n");
    sc_buf_put(&b, sc_asset_redis_prelude, sc_asset_redis_prelude_len);
    for (const char *p = m->parts; *p; p++) put_part(&b, *p);
    if (whole)
        put_whole(&b, m);
    else
        sc_buf_put(&b, m->body, *m->body_n);
    if (!b.failed && EVP_Digest(b.p, b.n, digest, &n, EVP_sha1(), NULL) && n == 20) {
        ret->n = b.n;
        ret->source = sc_buf_take(&b);
        sc_hex_encode(digest, 20, ret->sha);
    }
    sc_buf_done(&b);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_all(void) {
    for (size_t i = 0; i < SC_LEN(scripts); i++) {
        make(&scripts[i], false, &scripts[i].alone);
        if (strchr(scripts[i].parts, 'w')) make(&scripts[i], true, &scripts[i].whole);
    }
}

static const text *text_of(sc_rd_script s, bool whole) {
    pthread_once(&once, make_all);
    return whole ? &scripts[s].whole : &scripts[s].alone;
}

const char *sc_rd_script_name(sc_rd_script s) { return scripts[s].name; }
const char *sc_rd_script_keys(sc_rd_script s) { return scripts[s].keys; }

sc_str sc_rd_script_source(sc_rd_script s, bool whole) {
    const text *t = text_of(s, whole);
    return (sc_str){t->source, t->n};
}

const char *sc_rd_script_sha(sc_rd_script s, bool whole) { return text_of(s, whole)->sha; }
