/* A GitHub App's way to a token: a claim that its key signs (RS256, RFC 7515 and 7519) is exchanged for an installation's token,
 * which is good for an hour, here for one repository only. docs.github.com/apps, "Authenticating as a GitHub App installation". */
#include <openssl/pem.h>
#include <stdio.h>

#include "forges/github/api.h"

enum {
    SKEW_S = 60, /* their clock may be behind ours */
    LIFE_S = 540,
    SPARE_MS = 5 * 60 * 1000, /* a push may take that long */
    MAX_CLAIM = 1024,
    MAX_SIGNATURE = 1024,
};

sc_rc sc_github_key(const char *file, EVP_PKEY **ret, sc_err *err) {
    BIO *in = BIO_new_file(file, "r");
    EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, NULL, (void *)"") : NULL;
    BIO_free(in);
    if (key && EVP_PKEY_base_id(key) == EVP_PKEY_RSA) {
        *ret = key;
        return SC_OK;
    }
    EVP_PKEY_free(key);
    return sc_fail(err, SC_INVALID,
                   "the GitHub App's key must be a readable file with an RSA key in PEM");
}

/* base64url without padding */
static void put_url64(sc_buf *b, const unsigned char *p, size_t n) {
    unsigned char text[2 * MAX_SIGNATURE];
    int k = EVP_EncodeBlock(text, p, (int)n);
    for (int i = 0; i < k && text[i] != '='; i++)
        sc_buf_putc(b, text[i] == '+' ? '-' : text[i] == '/' ? '_' : (char)text[i]);
}

static void free_digest(EVP_MD_CTX **c) { EVP_MD_CTX_free(*c); }

static sc_rc sign(const sc_github *g, sc_buf *claim, sc_err *err) {
    unsigned char signature[MAX_SIGNATURE];
    size_t n = sizeof signature;
    SC_AUTO(free_digest) EVP_MD_CTX *c = EVP_MD_CTX_new();
    if (!c || EVP_PKEY_size(g->key) > (int)sizeof signature ||
        EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, g->key) != 1 ||
        EVP_DigestSign(c, signature, &n, (const unsigned char *)claim->p, claim->n) != 1)
        return sc_fail(err, SC_INTERNAL, "the GitHub App's key does not sign");
    sc_buf_putc(claim, '.');
    put_url64(claim, signature, n);
    return SC_OK;
}

static sc_rc make_claim(const sc_github *g, sc_arena *arena, const char **ret, sc_err *err) {
    static const char head[] = "{\"alg\":\"RS256\",\"typ\":\"JWT\"}";
    char body[256];
    int64_t now = sc_now_ms(&sc_clock_system) / 1000;
    int n = snprintf(body, sizeof body, "{\"iat\":%lld,\"exp\":%lld,\"iss\":\"%s\"}",
                     (long long)(now - SKEW_S), (long long)(now + LIFE_S), g->app_id);
    SC_AUTO(sc_buf_done) sc_buf claim;
    sc_buf_init(&claim, 4 * MAX_CLAIM);
    put_url64(&claim, (const unsigned char *)head, sizeof head - 1);
    sc_buf_putc(&claim, '.');
    put_url64(&claim, (const unsigned char *)body, (size_t)n);
    sc_rc rc = claim.failed ? SC_NOMEM : sign(g, &claim, err);
    char *copy = rc || claim.failed ? NULL : sc_arena_copy(arena, claim.p, claim.n);
    if (!rc && !copy) rc = SC_NOMEM;
    if (rc == SC_NOMEM) return sc_fail(err, rc, "no memory for a token");
    *ret = copy;
    return rc;
}

static sc_rc installation_of(sc_github *g, const sc_forge_call *c, const char *claim, int64_t *ret,
                             sc_err *err) {
    if (g->installation) {
        *ret = g->installation;
        return SC_OK;
    }
    const char *path = sc_arena_printf(c->arena, "/repos/%.*s/installation", SC_FMT(c->repo));
    if (!path) return sc_fail(err, SC_NOMEM, "no memory for a call");
    SC_AUTO(sc_json_auto) json_t *reply = NULL;
    const sc_github_call call = {.method = "GET", .path = path, .token = claim};
    sc_rc rc = sc_github_do(g, c, &call, &reply, err);
    if (rc) return sc_wrap(err, "find the App's installation");
    *ret = (int64_t)json_integer_value(json_object_get(reply, "id"));
    return *ret > 0 ? SC_OK : sc_fail(err, SC_UPSTREAM, "GitHub names no installation");
}

static sc_rc exchange(sc_github *g, const sc_forge_call *c, sc_github_kept *ret, sc_err *err) {
    const char *claim = NULL;
    int64_t installation = 0;
    sc_str name = c->repo, owner;
    sc_str_next(&name, '/', &owner);
    sc_rc rc = make_claim(g, c->arena, &claim, err);
    if (!rc) rc = installation_of(g, c, claim, &installation, err);
    if (rc) return rc;
    const char *path =
        sc_arena_printf(c->arena, "/app/installations/%lld/access_tokens", (long long)installation);
    SC_AUTO(sc_json_auto) json_t *body = json_pack("{s:[s%]}", "repositories", name.p, name.n);
    SC_AUTO(sc_json_auto) json_t *reply = NULL;
    if (!path || !body) return sc_fail(err, SC_NOMEM, "no memory for a call");
    const sc_github_call call = {.method = "POST", .path = path, .body = body, .token = claim};
    rc = sc_github_do(g, c, &call, &reply, err);
    if (rc) return sc_wrap(err, "ask for the App's token");
    sc_str token = sc_json_str_at(reply, "token");
    if (!token.n || token.n >= sizeof ret->token ||
        sc_time_parse(sc_json_str_at(reply, "expires_at"), &ret->ends_at_ms, NULL))
        return sc_fail(err, SC_UPSTREAM, "GitHub's token is none");
    memcpy(ret->token, token.p, token.n);
    ret->token[token.n] = 0;
    snprintf(ret->repo, sizeof ret->repo, "%.*s", SC_FMT(c->repo));
    return SC_OK;
}

static sc_github_kept *find(sc_github *g, sc_str repo) {
    for (size_t i = 0; i < g->n_kept; i++)
        if (sc_str_is(repo, g->kept[i].repo)) return &g->kept[i];
    return NULL;
}

/* In the place of the same repository's, else of the oldest. */
static void keep(sc_github *g, const sc_github_kept *fresh) {
    pthread_mutex_lock(&g->lock);
    sc_github_kept *at = find(g, sc_str_of(fresh->repo));
    if (!at && g->n_kept < SC_GITHUB_MAX_KEPT) at = &g->kept[g->n_kept++];
    if (!at) at = &g->kept[g->next_kept++ % SC_GITHUB_MAX_KEPT];
    *at = *fresh;
    pthread_mutex_unlock(&g->lock);
}

void sc_github_forget(sc_github *g, sc_str repo) {
    pthread_mutex_lock(&g->lock);
    sc_github_kept *k = find(g, repo);
    if (k) k->ends_at_ms = 0;
    pthread_mutex_unlock(&g->lock);
}

sc_rc sc_github_token(sc_github *g, const sc_forge_call *c, const char **ret, sc_err *err) {
    sc_github_kept now = {.token = ""};
    sc_rc rc = SC_OK;
    if (*g->token) {
        *ret = g->token;
        return SC_OK;
    }
    pthread_mutex_lock(&g->lock);
    const sc_github_kept *k = find(g, c->repo);
    if (k) now = *k;
    pthread_mutex_unlock(&g->lock);
    if (now.ends_at_ms - SPARE_MS <= sc_now_ms(&sc_clock_system)) {
        rc = exchange(g, c, &now, err);
        if (!rc) keep(g, &now);
    }
    const char *copy = rc ? NULL : sc_arena_copy(c->arena, now.token, strlen(now.token));
    explicit_bzero(now.token, sizeof now.token);
    if (!rc && !copy) return sc_fail(err, SC_NOMEM, "no memory for a token");
    *ret = copy;
    return rc;
}
