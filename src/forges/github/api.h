/* One call of GitHub's API, and whose token goes with it: what the files of this backend share. */
#ifndef SC_FORGES_GITHUB_API_H
#define SC_FORGES_GITHUB_API_H

#include <openssl/evp.h>

#include "base/json.h"
#include "net/http_pool.h"
#include "ports/forge.h"

enum {
    SC_GITHUB_MAX_URL = 1024,
    SC_GITHUB_MAX_TOKEN = 1024,
    SC_GITHUB_MAX_KEPT = 16,
    SC_GITHUB_PAGE = 100,
};

typedef struct sc_github_kept { /* an App's token of one repository */
    char repo[160], token[SC_GITHUB_MAX_TOKEN];
    int64_t ends_at_ms;
} sc_github_kept;

typedef struct sc_github {
    char api[SC_GITHUB_MAX_URL];     /* without a slash at its end */
    char host[SC_GITHUB_MAX_URL];    /* "https://github.com"       */
    char token[SC_GITHUB_MAX_TOKEN]; /* a person's; empty: an App's */
    char app_id[64];
    int64_t installation; /* 0: asked for */
    EVP_PKEY *key;
    sc_http_pool pool;
    pthread_mutex_t lock; /* over kept */
    sc_github_kept kept[SC_GITHUB_MAX_KEPT];
    size_t n_kept, next_kept;
} sc_github;

typedef struct sc_github_call {
    const char *method, *path; /* "/repos/o/r/pulls?state=all" */
    const json_t *body;        /* NULL: none */
    const char *token;         /* NULL: the one of c->repo, sc_github_token */
} sc_github_call;

/* *ret is the caller's; NULL where the answer holds nothing. Status codes are mapped here, once. */
sc_rc sc_github_do(sc_github *g, const sc_forge_call *c, const sc_github_call *call, json_t **ret,
                   sc_err *err);

/* The token of c->repo, in the arena. An App's is asked for where there is none that lasts. */
sc_rc sc_github_token(sc_github *g, const sc_forge_call *c, const char **ret, sc_err *err);
/* It was refused: the next call asks for another. */
void sc_github_forget(sc_github *g, sc_str repo);
/* Reads the App's key (PEM). */
sc_rc sc_github_key(const char *file, EVP_PKEY **ret, sc_err *err);

#endif
