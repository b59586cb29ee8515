/* Webhook signatures: HMAC-SHA256 (RFC 2104, FIPS 180-4) in hex over the raw body, as GitHub and
 * Sentry send them. Threads: pure. */
#ifndef SC_SOURCES_HMAC_H
#define SC_SOURCES_HMAC_H

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"

enum { SC_HMAC_BYTES = 32, SC_HMAC_MAX_SECRETS = 8 };

/* SC_INTERNAL when libcrypto refuses. */
sc_rc sc_hmac_sha256(sc_str key, sc_str message, unsigned char ret_mac[SC_HMAC_BYTES], sc_err *err);

/* SC_OK when at least one usable secret is configured, else SC_FORBIDDEN that says how to set one.
 * `source` is the source's name for the words. Empty secrets are none: they would let anyone in. */
sc_rc sc_hmac_ready(const json_t *settings, const char *source, sc_err *err);
/* The first usable secret, borrowed; SC_FORBIDDEN as above. */
sc_rc sc_hmac_secret(const json_t *settings, const char *source, sc_str *ret, sc_err *err);

/* True when `hex` (any case) is the body's signature under settings' "secret" or one of "secrets"
 * (at most SC_HMAC_MAX_SECRETS are tried, for rotation). The time depends on lengths and the number
 * of secrets, not on which one fits or how many digits do. */
bool sc_hmac_fits(const json_t *settings, sc_str body, sc_str hex);

/* True when `given` is one of the secrets itself, for senders that cannot sign. The time depends on lengths
 * and the number of secrets: digests are compared, so not on how much of one is right. */
bool sc_hmac_is_secret(const json_t *settings, sc_str given);

/* The body's signature under the first usable secret, in lower-case hex; SC_FORBIDDEN as above when there is
 * none. */
sc_rc sc_hmac_sign(const json_t *settings, const char *source, sc_str body,
                   char ret_hex[2 * SC_HMAC_BYTES + 1], sc_err *err);

#endif
