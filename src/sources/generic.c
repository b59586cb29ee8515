/* generic, and for now datadog, posthog and splunk: the plain shape (plain.h); members that it does not
 * name are kept in metadata, so that an export from any tool loses nothing on its way. The three vendors'
 * own webhooks come later; their names take batches of plain items today. */
#include "sources/plain.h"
#include "sources/registry.h"
#include "sources/sample.h"
#include "sources/settings.h"

static sc_rc check_settings(const json_t *settings, sc_err *err) {
    return sc_settings_check(NULL, 0, settings, err);
}

#define PLAIN_SOURCE(id, words)                                                       \
    static sc_rc id##_item(const json_t *obj, const json_t *settings, int64_t now_ms, \
                           sc_arena *arena, sc_source_item *ret, sc_err *err) {       \
        (void)settings;                                                               \
        return sc_plain_item(obj, SC_SOURCE_##id, true, now_ms, arena, ret, err);     \
    }                                                                                 \
    const sc_source_ops sc_source_##id = {                                            \
        .name = #id,                                                                  \
        .summary = words,                                                             \
        .item = id##_item,                                                            \
        .sample = sc_sample_plain,                                                    \
        .check_settings = check_settings,                                             \
    };

PLAIN_SOURCE(generic, "Any other tool: plain items; unknown members are kept as metadata.")
PLAIN_SOURCE(datadog, "Datadog, as plain items in batches.")
PLAIN_SOURCE(posthog, "PostHog, as plain items in batches.")
PLAIN_SOURCE(splunk, "Splunk, as plain items in batches.")
