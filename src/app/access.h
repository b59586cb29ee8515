/* Who may do what: API keys, login links, sessions. Secrets leave here once, at creation; the store
 * holds SHA-256 hashes. Checks are cached for two seconds, so a key that another process revokes ends within that time;
 * one that is revoked here ends at once. */
#ifndef SC_APP_ACCESS_H
#define SC_APP_ACCESS_H

#include "app/app.h"

typedef struct sc_principal {
    sc_id project_id; /* empty: every project */
    unsigned scopes;
    char name[64]; /* for logs, corrections and audit: the key's name, or "session" */
    sc_id key_id;  /* empty for a session that a login link opened */
} sc_principal;

enum { SC_SECRET_TEXT = 52 }; /* "sc_" + 48 hex digits + NUL */
typedef struct sc_secret {
    char text[SC_SECRET_TEXT];
} sc_secret;

/* SC_UNAUTHORIZED when the secret is unknown, revoked or expired. */
sc_rc sc_access_check_key(sc_app *app, sc_str secret, sc_principal *ret, sc_err *err);
sc_rc sc_access_check_session(sc_app *app, sc_str cookie, sc_principal *ret, sc_err *err);

/* Makes a key. project empty: all projects (admin scope only, else SC_UNPROCESSABLE). expires_at_ms 0 = never. */
sc_rc sc_access_create_key(sc_app *app, const sc_id *project, sc_str name, unsigned scopes,
                           int64_t expires_at_ms, sc_arena *arena, sc_key *ret,
                           sc_secret *ret_secret, sc_err *err);
/* Ends a key and what was signed in with it. project empty: any. SC_NOT_FOUND when there is none. */
sc_rc sc_access_revoke_key(sc_app *app, const sc_id *project, const sc_id *id, sc_err *err);
/* Makes `secret` (at least 16 characters) an installation-wide admin key named "bootstrap" if it is not a key yet. */
sc_rc sc_access_bootstrap(sc_app *app, sc_str secret, sc_err *err);
/* An admin principal that lives in this process only (for the local command line); never stored. */
void sc_access_local(sc_app *app, sc_secret *ret_secret);

/* A one-time token for /login?token=..., valid for `ttl_ms`. */
sc_rc sc_access_login_token(sc_app *app, int64_t ttl_ms, sc_secret *ret, sc_err *err);
/* Trades a login token (once) or an API key for a session cookie value. A session of a key may do what the key may,
 * and ends with it. SC_UNAUTHORIZED when it is neither, or was used or has expired. */
sc_rc sc_access_login(sc_app *app, sc_str secret, sc_secret *ret_cookie, sc_err *err);
sc_rc sc_access_logout(sc_app *app, sc_str cookie, sc_err *err);

#endif
