/* generic: the plain shape (plain.h); members that it does not name are kept in metadata, so that an export
 * from any tool loses nothing on its way. */
#include "sources/plain.h"
#include "sources/registry.h"
#include "sources/sample.h"
#include "sources/settings.h"

static sc_rc item(const json_t *obj, const json_t *settings, int64_t now_ms, sc_arena *arena,
                  sc_source_item *ret, sc_err *err) {
    (void)settings;
    return sc_plain_item(obj, SC_SOURCE_generic, true, now_ms, arena, ret, err);
}

static sc_rc check_settings(const json_t *settings, sc_err *err) {
    return sc_settings_check(NULL, 0, settings, err);
}

const sc_source_ops sc_source_generic = {
    .name = "generic",
    .summary = "Any other tool: plain items; unknown members are kept as metadata.",
    .item = item,
    .sample = sc_sample_plain,
    .check_settings = check_settings,
};
