/* First byte: which webhook. The rest: the body. An unsigned body must never verify; whatever the body says,
 * reading it gives items that keep their word, or an error. */
#include "fuzz_source_support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct {
        const sc_source_ops *ops;
        const char *header, *kind, *signature;
        sc_feedback_source source;
    } hooks[] = {
        {&sc_source_sentry, "Sentry-Hook-Resource", "event_alert", "Sentry-Hook-Signature",
         SC_SOURCE_sentry},
        {&sc_source_sentry, "Sentry-Hook-Resource", "error", "Sentry-Hook-Signature",
         SC_SOURCE_sentry},
        {&sc_source_sentry, "Sentry-Hook-Resource", "issue", "Sentry-Hook-Signature",
         SC_SOURCE_sentry},
        {&sc_source_github, "X-GitHub-Event", "issues", "X-Hub-Signature-256", SC_SOURCE_github},
        {&sc_source_datadog, "X", "x", "X-Soulcaster-Secret", SC_SOURCE_datadog},
        {&sc_source_posthog, "X", "x", "X-Soulcaster-Secret", SC_SOURCE_posthog},
        {&sc_source_splunk, "X", "x", "X", SC_SOURCE_splunk},
        {&sc_source_sentry, "Sentry-Hook-Resource", "installation", "Sentry-Hook-Signature",
         SC_SOURCE_sentry},
        {&sc_source_github, "X-GitHub-Event", "pull_request", "X-Hub-Signature-256",
         SC_SOURCE_github},
        {&sc_source_github, "X-GitHub-Event", "issue_comment", "X-Hub-Signature-256",
         SC_SOURCE_github},
    };
    if (size == 0) return 0;
    sc_json_setup();
    size_t k = data[0] % SC_LEN(hooks);
    sc_str body = {(const char *)data + 1, size - 1};
    json_t *set = NULL;
    must(sc_json_parse(SC_STR("{\"secret\":\"correct horse\"}"), &set, NULL) == SC_OK);
    /* 71 bytes are a signature's; none of the shared secrets is as long. */
    sc_str claimed = body.n < 71 ? SC_STR("short") : (sc_str){body.p, 71};
    sc_source_header h[] = {{sc_str_of(hooks[k].header), sc_str_of(hooks[k].kind)},
                            {sc_str_of(hooks[k].signature), claimed}};
    sc_source_request r = {
        .body = body, .headers = h, .n_headers = 2, .token = claimed, .settings = set, .now_ms = 1};
    sc_err err = {0};
    must(hooks[k].ops->verify(&r, &err) == SC_UNAUTHORIZED);
    sc_arena arena;
    sc_arena_init(&arena, (size_t)64 << 20);
    sc_source_item *items = NULL;
    size_t n = 0;
    sc_rc rc = hooks[k].ops->webhook(&r, &arena, &items, &n, &err);
    if (rc)
        must((rc == SC_INVALID || rc == SC_UNPROCESSABLE || rc == SC_MEDIA_TYPE) && err.rc == rc);
    for (size_t i = 0; rc == SC_OK && i < n; i++) check_item(&items[i], hooks[k].source);
    sc_source_pull pull = {.number = 0};
    rc = hooks[k].ops->pull ? hooks[k].ops->pull(&r, &arena, &pull, &err) : SC_OK;
    must(rc == SC_OK || rc == SC_INVALID || rc == SC_UNPROCESSABLE);
    must(pull.number >= 0 && (!pull.number || pull.repo.n));
    sc_arena_done(&arena);
    json_decref(set);
    return 0;
}
