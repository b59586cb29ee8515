/* The formats and patterns that the contract may use. A pattern is looked up by its text: a regular
 * expression engine would be one more parser that meets foreign bytes. */
#include "base/clock.h"
#include "base/id.h"
#include "web/schema.h"

static bool is_uuid(sc_str s) { return sc_id_valid(s); }

static bool is_time(sc_str s) {
    int64_t ms;
    return sc_time_parse(s, &ms, NULL) == SC_OK;
}

/* http and https only: an address that people will click on. */
static bool is_uri(sc_str s) {
    size_t n = sc_str_starts(s, "https://") ? 8 : sc_str_starts(s, "http://") ? 7 : 0;
    if (!n || s.n == n || s.p[n] == '/') return false;
    for (size_t i = n; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || strchr("\"<>\\^`{|}\x7f", s.p[i])) return false;
    return true;
}

static bool is_slug(sc_str s) {
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'))
            return false;
    }
    return s.n > 0;
}

/* No control character: C0, DEL and C1, which is two bytes in UTF-8. */
static bool is_visible(sc_str s) {
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7F) return false;
        if (c == 0xC2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xA0) return false;
    }
    return true;
}

static const sc_format formats[] = {
    {"uuid", "an id (a UUID)", is_uuid},
    {"date-time", "a time as in 2026-11-02T09:30:00Z", is_time},
    {"uri", "an http or https address", is_uri},
};
static const sc_format patterns[] = {
    {"^[a-z0-9._-]+$", "lower-case letters, digits, dot, underscore and hyphen only", is_slug},
    {"^[^\\u0000-\\u001f\\u007f-\\u009f]*$", "one line without control characters", is_visible},
};

static const sc_format *find(const sc_format *rows, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].name, name) == 0) return &rows[i];
    return NULL;
}

const sc_format *sc_format_find(const char *name) { return find(formats, SC_LEN(formats), name); }

const sc_format *sc_format_find_pattern(const char *pattern) {
    return find(patterns, SC_LEN(patterns), pattern);
}
