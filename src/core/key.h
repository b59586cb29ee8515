/* API keys and scopes. A key's secret is shown once and stored only as a SHA-256 hash. */
#ifndef SC_CORE_KEY_H
#define SC_CORE_KEY_H

#include "base/id.h"
#include "base/str.h"

#define SC_KEY_SCOPES(X) X(ingest, 1u) X(read, 2u) X(triage, 4u) X(admin, 8u) X(fix, 16u)

enum {
#define X(name, bit) SC_SCOPE_##name = bit,
    SC_KEY_SCOPES(X)
#undef X
};

/* "ingest,read" -> bits; admin contains all the others. SC_UNPROCESSABLE names the word. */
sc_rc sc_key_scopes_parse(sc_str text, unsigned *ret, sc_err *err);
/* Bits as "ingest,read" into out. */
void sc_key_scopes_format(unsigned scopes, sc_buf *out);
bool sc_key_allows(unsigned have, unsigned need);

typedef struct sc_key {
    sc_id id;
    sc_id project_id; /* empty: every project (only an admin key may be so) */
    sc_str name;
    sc_str prefix;          /* the secret's first characters, to recognise it by  */
    unsigned char hash[32]; /* SHA-256 of the secret                              */
    unsigned scopes;
    int64_t created_at_ms, last_used_ms, expires_at_ms, revoked_at_ms; /* 0 = never */
} sc_key;

#endif
