/* A source's settings in a project: rows that say key, type and meaning, one check for all sources,
 * and lenient readers. An unknown key is refused: a misspelt filter would silently filter nothing.
 * Threads: pure. */
#ifndef SC_SOURCES_SETTINGS_H
#define SC_SOURCES_SETTINGS_H

#include "ports/source.h"

/* SC_UNPROCESSABLE names the key ("environments[2]"). settings may be NULL (no settings). */
sc_rc sc_settings_check(const sc_setting *rows, size_t n_rows, const json_t *settings, sc_err *err);

bool sc_settings_bool(const json_t *settings, const char *key, bool fallback);
int64_t sc_settings_int(const json_t *settings, const char *key, int64_t fallback);
sc_str sc_settings_str(const json_t *settings, const char *key);
/* True when the list `key` has entries; and when it has `value` (ASCII case does not count). */
bool sc_settings_has_list(const json_t *settings, const char *key);
bool sc_settings_lists(const json_t *settings, const char *key, sc_str value);
/* Place of `value` in "a|b|c" from 0, or -1. */
int sc_settings_choice(const char *choices, sc_str value);

#endif
