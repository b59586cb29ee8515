#include "sources/shared.h"

#include "sources/header.h"
#include "sources/hmac.h"
#include "sources/payload.h"
#include "sources/sample.h"

sc_rc sc_shared_verify_header(const sc_source_request *r, const char *source, sc_err *err) {
    sc_str given;
    sc_rc rc = sc_hmac_ready(r->settings, source, err);
    if (!rc) rc = sc_header_signature(r, SC_SHARED_HEADER, &given, err);
    if (rc) return rc;
    if (!sc_hmac_is_secret(r->settings, given))
        return sc_fail_field(err, SC_UNAUTHORIZED, SC_SHARED_HEADER,
                             "the header " SC_SHARED_HEADER
                             " does not hold the secret of this project");
    return SC_OK;
}

sc_rc sc_shared_verify_token(const sc_source_request *r, const char *source, sc_err *err) {
    sc_rc rc = sc_hmac_ready(r->settings, source, err);
    if (rc) return rc;
    if (!r->token.n)
        return sc_fail_field(err, SC_UNAUTHORIZED, "token",
                             "the address lacks the parameter token with the project's secret");
    if (!sc_hmac_is_secret(r->settings, r->token))
        return sc_fail_field(err, SC_UNAUTHORIZED, "token",
                             "the parameter token is not the secret of this project");
    return SC_OK;
}

sc_rc sc_shared_sample_header(const json_t *settings, const char *source, sc_source_sample *s,
                              sc_err *err) {
    sc_str secret;
    sc_rc rc = sc_hmac_secret(settings, source, &secret, err);
    if (!rc) sc_sample_header(s, SC_SHARED_HEADER, secret);
    return rc;
}

sc_rc sc_shared_sample_token(const json_t *settings, const char *source, sc_source_sample *s,
                             sc_err *err) {
    return sc_hmac_secret(settings, source, &s->token, err);
}

sc_rc sc_shared_webhook(const sc_source_request *rq,
                        sc_rc (*build)(sc_fields *r, const json_t *root, const json_t *settings,
                                       int64_t now_ms, sc_source_item *ret),
                        sc_arena *arena, sc_source_item **ret_items, size_t *ret_n, sc_err *err) {
    sc_fields r = {.arena = arena, .err = err};
    SC_AUTO(sc_json_auto) json_t *root = NULL;
    sc_rc rc = sc_payload_parse(rq->body, &root, err);
    if (rc) return rc;
    sc_source_item *item = sc_arena_take(arena, sizeof *item);
    if (!item) return sc_fields_nomem(&r);
    rc = build(&r, root, rq->settings, rq->now_ms, item);
    if (rc) return rc;
    *ret_items = item;
    *ret_n = 1;
    return SC_OK;
}
