/* A project's fix settings: one JSON object in the store (setting "fix"), read through a table that also
 * knows what holds where nothing is set. Threads: plain functions. */
#ifndef SC_APP_FIX_SETTINGS_H
#define SC_APP_FIX_SETTINGS_H

#include "base/json.h"
#include "base/mem.h"

typedef struct sc_fix_words {
    const sc_str *v;
    size_t n;
} sc_fix_words;

typedef struct sc_fix_policy {
    bool enabled;
    int64_t min_reports, max_a_day, max_open;
    double min_cohesion;
} sc_fix_policy;

typedef struct sc_fix_settings {
    bool enabled, draft, test_hosts;
    sc_str forge, repository, base_branch, agent, model, setup_command, test_command, output;
    sc_fix_words command, hosts, allow, deny, rules_off, labels;
    int64_t steps, max_files, max_lines, max_patch_bytes, max_minutes, max_tokens, concurrency;
    double max_usd, max_day_usd;
    sc_fix_policy policy;
} sc_fix_settings;

/* `v` may be NULL (nothing is set). Members that it does not know are left alone: the contract refused them before. Views point into
 * the arena. SC_UNPROCESSABLE names the member. */
sc_rc sc_fix_settings_read(const json_t *v, sc_arena *arena, sc_fix_settings *ret, sc_err *err);
/* All members as one JSON object. */
void sc_fix_settings_write(const sc_fix_settings *s, sc_buf *out);

#endif
