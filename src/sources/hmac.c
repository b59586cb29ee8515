#include "sources/hmac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

sc_rc sc_hmac_sha256(sc_str key, sc_str message, unsigned char ret_mac[SC_HMAC_BYTES],
                     sc_err *err) {
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    if (key.n > INT32_MAX) return sc_fail(err, SC_TOO_LARGE, "the key is too long");
    if (!HMAC(EVP_sha256(), key.p ? key.p : "", (int)key.n,
              (const unsigned char *)(message.p ? message.p : ""), message.n, mac, &n) ||
        n != SC_HMAC_BYTES)
        return sc_fail(err, SC_INTERNAL, "libcrypto could not compute HMAC-SHA256");
    memcpy(ret_mac, mac, SC_HMAC_BYTES);
    return SC_OK;
}

static sc_str secret_at(const json_t *settings, size_t i) {
    const json_t *v = i ? json_array_get(json_object_get(settings, "secrets"), i - 1)
                        : json_object_get(settings, "secret");
    return json_is_string(v) ? (sc_str){json_string_value(v), json_string_length(v)} : SC_STR_NONE;
}

sc_rc sc_hmac_secret(const json_t *settings, const char *source, sc_str *ret, sc_err *err) {
    for (size_t i = 0; i <= SC_HMAC_MAX_SECRETS; i++) {
        *ret = secret_at(settings, i);
        if (ret->n) return SC_OK;
    }
    return sc_fail(
        err, SC_FORBIDDEN,
        "%s webhooks are refused until this project has a secret for them: set \"secret\" "
        "in the settings of the source %s to the one that %s uses",
        source, source, source);
}

sc_rc sc_hmac_ready(const json_t *settings, const char *source, sc_err *err) {
    sc_str secret;
    return sc_hmac_secret(settings, source, &secret, err);
}

bool sc_hmac_fits(const json_t *settings, sc_str body, sc_str hex) {
    unsigned char claimed[SC_HMAC_BYTES], mac[SC_HMAC_BYTES];
    if (!sc_hex_decode(hex, claimed, sizeof claimed)) return false;
    bool fits = false;
    /* No early exit: which of the secrets is in use stays unknown to a clock. */
    for (size_t i = 0; i <= SC_HMAC_MAX_SECRETS; i++) {
        sc_str secret = secret_at(settings, i);
        if (secret.n == 0 || sc_hmac_sha256(secret, body, mac, NULL)) continue;
        fits |= sc_mem_eq_const(mac, claimed, sizeof mac);
    }
    return fits;
}

bool sc_hmac_is_secret(const json_t *settings, sc_str given) {
    const sc_str key = SC_STR("which secret is it");
    unsigned char claimed[SC_HMAC_BYTES], mac[SC_HMAC_BYTES];
    if (!given.n || sc_hmac_sha256(key, given, claimed, NULL)) return false;
    bool fits = false;
    for (size_t i = 0; i <= SC_HMAC_MAX_SECRETS; i++) {
        sc_str secret = secret_at(settings, i);
        if (secret.n == 0 || sc_hmac_sha256(key, secret, mac, NULL)) continue;
        fits |= sc_mem_eq_const(mac, claimed, sizeof mac);
    }
    return fits;
}

sc_rc sc_hmac_sign(const json_t *settings, const char *source, sc_str body,
                   char ret_hex[2 * SC_HMAC_BYTES + 1], sc_err *err) {
    unsigned char mac[SC_HMAC_BYTES];
    sc_str secret;
    sc_rc rc = sc_hmac_secret(settings, source, &secret, err);
    if (!rc) rc = sc_hmac_sha256(secret, body, mac, err);
    if (!rc) sc_hex_encode(mac, sizeof mac, ret_hex);
    return rc;
}
