/* manual: what a person or a script of ours reports; only the plain shape (plain.h). No webhook: it comes
 * through the API with a key. */
#include "sources/plain.h"
#include "sources/registry.h"
#include "sources/sample.h"
#include "sources/settings.h"

static sc_rc item(const json_t *obj, const json_t *settings, int64_t now_ms, sc_arena *arena,
                  sc_source_item *ret, sc_err *err) {
    (void)settings;
    return sc_plain_item(obj, SC_SOURCE_manual, false, now_ms, arena, ret, err);
}

static sc_rc check_settings(const json_t *settings, sc_err *err) {
    return sc_settings_check(NULL, 0, settings, err);
}

const sc_source_ops sc_source_manual = {
    .name = "manual",
    .summary = "Reports that people and scripts send to the API.",
    .item = item,
    .sample = sc_sample_plain,
    .check_settings = check_settings,
};
