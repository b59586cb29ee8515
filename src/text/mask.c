#include "text/mask.h"

#include "text/chars.h"

static const char *const tokens[SC_MASK_COUNT] = {
    [SC_MASK_NONE] = "",       [SC_MASK_NUM] = "<num>",   [SC_MASK_VERSION] = "<version>",
    [SC_MASK_TIME] = "<time>", [SC_MASK_IP] = "<ip>",     [SC_MASK_EMAIL] = "<email>",
    [SC_MASK_URL] = "<url>",   [SC_MASK_PATH] = "<path>", [SC_MASK_UUID] = "<uuid>",
    [SC_MASK_HEX] = "<hex>",   [SC_MASK_ADDR] = "<addr>", [SC_MASK_ID] = "<id>",
};

sc_str sc_mask_token(sc_mask m) { return sc_str_of(tokens[m]); }

enum { WORD_MAX = 48, ID_MIN = 14 };

/* Units that may stick to a number. */
static bool unit(sc_str s) {
    static const char *const units[] = {
        "%",   "am",  "b",    "bit",  "bits", "c",  "dp", "em",  "eur", "f",  "fps", "g",  "gb",
        "ghz", "gib", "h",    "hrs",  "hz",   "k",  "kb", "khz", "kib", "km", "m",   "mb", "mbps",
        "mhz", "mib", "min",  "mins", "mm",   "ms", "nd", "ns",  "p",   "pm", "pt",  "px", "rd",
        "s",   "sec", "secs", "st",   "tb",   "th", "us", "usd", "x",   "yrs"};
    if (s.n > 4) return false;
    char lower[4];
    for (size_t i = 0; i < s.n; i++) lower[i] = sc_chars_lower(s.p[i]);
    for (size_t i = 0; i < SC_LEN(units); i++)
        if (sc_str_is((sc_str){lower, s.n}, units[i])) return true;
    return false;
}

/* Groups of digits split by one kind of character: 3 for 2021-02-03, 0 when s is something else. */
static size_t groups(sc_str s, char by, size_t max_digits) {
    size_t n = 0, i = 0;
    while (i < s.n) {
        size_t m = sc_chars_span(sc_chars_from(s, i), SC_CHARS_DIGIT);
        if (m == 0 || m > max_digits) return 0;
        n++;
        i += m;
        if (i == s.n) return n;
        if (s.p[i] != by) return 0;
        i++;
    }
    return 0;
}

static bool email(sc_str s) {
    size_t at = sc_chars_find(s, '@');
    if (at == SIZE_MAX || at == 0 || sc_chars_find(s, '/') != SIZE_MAX) return false;
    sc_str host = sc_chars_from(s, at + 1);
    size_t dot = sc_chars_find(host, '.');
    return dot != SIZE_MAX && dot > 0 && dot + 1 < host.n && sc_chars_find(host, ':') == SIZE_MAX;
}

static bool uuid(sc_str s) {
    if (s.n != 36) return false;
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? s.p[i] != '-' : !sc_chars_is(s.p[i], SC_CHARS_HEX)) return false;
    }
    return true;
}

static bool ip(sc_str s) {
    size_t colon = sc_chars_rfind(s, ':');
    if (colon != SIZE_MAX && colon + 1 < s.n &&
        sc_chars_all(sc_chars_from(s, colon + 1), SC_CHARS_DIGIT) &&
        groups((sc_str){s.p, colon}, '.', 3) == 4)
        return true;
    if (groups(s, '.', 3) == 4) return true;
    size_t colons = 0, digits = 0; /* IPv6 and MAC addresses: hex groups with five colons or "::" */
    for (size_t i = 0; i < s.n; i++) {
        colons += s.p[i] == ':';
        digits += sc_chars_is(s.p[i], SC_CHARS_DIGIT);
        if (s.p[i] != ':' && !sc_chars_is(s.p[i], SC_CHARS_HEX)) return false;
    }
    return digits > 0 && colons >= 5;
}

/* Dates and clock times: all digits and separators, or an ISO timestamp. */
static bool is_time(sc_str s) {
    size_t zone = SC_MIN(sc_chars_find(s, 'T'), s.n);
    sc_str date = {s.p, zone};
    if (groups(date, '-', 4) == 3 || groups(date, '/', 4) == 3) return true;
    size_t dot = sc_chars_find(s, '.');
    sc_str clock = {s.p, SC_MIN(dot, s.n)};
    while (clock.n && sc_chars_is(clock.p[clock.n - 1], SC_CHARS_ALPHA)) clock.n--; /* 10:30am */
    size_t n = groups(clock, ':', 2);
    return n == 2 || n == 3;
}

/* 3.1.2, v2.0, 1.0.0-beta3, 4.2.x, 10.0.1.GA: digits, a dot, then a digit or x. */
static bool version(sc_str s) {
    bool v = s.n > 1 && (s.p[0] == 'v' || s.p[0] == 'V' || s.p[0] == 'r') &&
             sc_chars_is(s.p[1], SC_CHARS_DIGIT);
    sc_str t = sc_chars_from(s, v);
    size_t major = sc_chars_span(t, SC_CHARS_DIGIT);
    if (major == 0 || major > 4) return false;
    if (major == t.n) return v;
    size_t dots = 0;
    for (size_t i = 0; i < t.n; i++) {
        if (!sc_chars_is(t.p[i], SC_CHARS_ALNUM) && !strchr(".-_+", t.p[i])) return false;
        dots += t.p[i] == '.';
    }
    if (t.p[major] != '.' || major + 1 >= t.n) return false;
    if (!sc_chars_is(t.p[major + 1], SC_CHARS_DIGIT) && t.p[major + 1] != 'x') return false;
    return v || dots >= 2 || !sc_chars_all(sc_chars_from(t, major + 1), SC_CHARS_DIGIT);
}

static bool number(sc_str s) {
    size_t n = 0;
    while (n < s.n && (sc_chars_is(s.p[n], SC_CHARS_DIGIT) || strchr(".-+/:'%#~$@_\\", s.p[n])))
        n++;
    return n == s.n || (n > 0 && unit(sc_chars_from(s, n)));
}

static bool path(sc_str s) {
    size_t separators = 0, dots = 0, words = 0;
    bool plain = true;
    for (size_t i = 0; i < s.n; i++) {
        separators += s.p[i] == '/' || s.p[i] == '\\';
        dots += s.p[i] == '.';
        words += sc_chars_is(s.p[i], SC_CHARS_ALPHA | SC_CHARS_HIGH);
        plain &= sc_chars_is(s.p[i], SC_CHARS_LOWER) || s.p[i] == '/';
    }
    if (separators == 0 || words == 0) return false;
    if (strchr("/~.\\", s.p[0])) return s.n > 2 && separators > 0;
    if (s.n > 3 && s.p[1] == ':' && (s.p[2] == '\\' || s.p[2] == '/')) return true;
    if (separators >= 2) return !plain; /* read/write/run are words */
    size_t slash = SC_MIN(sc_chars_rfind(s, '/'), sc_chars_rfind(s, '\\'));
    return dots > 0 && sc_chars_find(sc_chars_from(s, slash), '.') != SIZE_MAX;
}

/* Letters and digits that take turns too often to be a name: tokens, keys, base64. */
static bool random_id(sc_str s) {
    size_t turns = 0, digits = 0;
    if (s.n < ID_MIN) return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!sc_chars_is(s.p[i], SC_CHARS_ALNUM) && !strchr("-_+/", s.p[i])) return false;
        bool digit = sc_chars_is(s.p[i], SC_CHARS_DIGIT);
        digits += digit;
        turns += i > 0 && digit != sc_chars_is(s.p[i - 1], SC_CHARS_DIGIT);
    }
    return digits >= 4 && turns >= 4;
}

sc_mask sc_mask_of(sc_str s) {
    size_t digits = 0, hex = 0, letters = 0;
    for (size_t i = 0; i < s.n; i++) {
        digits += sc_chars_is(s.p[i], SC_CHARS_DIGIT);
        hex += sc_chars_is(s.p[i], SC_CHARS_HEX);
        letters += sc_chars_is(s.p[i], SC_CHARS_ALPHA | SC_CHARS_HIGH);
    }
    if (email(s)) return SC_MASK_EMAIL;
    if (digits == 0) {
        if (letters == s.n && s.n > WORD_MAX && !sc_chars_is(s.p[0], SC_CHARS_HIGH))
            return SC_MASK_ID;
        return path(s) ? SC_MASK_PATH : SC_MASK_NONE;
    }
    if (s.n > 2 && s.p[0] == '0' && (s.p[1] | 32) == 'x' && hex + 1 == s.n) return SC_MASK_ADDR;
    if (letters == 0 && digits == s.n) return SC_MASK_NUM;
    if (sc_chars_is(s.p[0], SC_CHARS_HEX) && ip(s)) return SC_MASK_IP;
    if (uuid(s)) return SC_MASK_UUID;
    if (sc_chars_is(s.p[0], SC_CHARS_DIGIT) && is_time(s)) return SC_MASK_TIME;
    if (version(s)) return SC_MASK_VERSION;
    if (number(s)) return SC_MASK_NUM;
    sc_str t = s.p[0] == '#' ? sc_chars_from(s, 1) : s;
    size_t t_hex = hex;
    if (t_hex == t.n && (t.n >= 8 || t.n != s.n) && (digits >= 2 || t.n != s.n)) return SC_MASK_HEX;
    if (path(s)) return SC_MASK_PATH;
    return random_id(s) ? SC_MASK_ID : SC_MASK_NONE;
}

/* ---- Codes ---------------------------------------------------------------------------------- */

static bool in(const char *const *list, size_t n, sc_str s) {
    for (size_t i = 0; i < n; i++)
        if (sc_str_is(s, list[i])) return true;
    return false;
}

static bool errno_name(sc_str s) {
    static const char *const names[] = {
        "EACCES",       "EADDRINUSE", "EADDRNOTAVAIL", "EAGAIN",       "EBADF",      "EBUSY",
        "ECANCELED",    "ECHILD",     "ECONNABORTED",  "ECONNREFUSED", "ECONNRESET", "EDEADLK",
        "EDESTADDRREQ", "EDOM",       "EDQUOT",        "EEXIST",       "EFAULT",     "EFBIG",
        "EHOSTUNREACH", "EINTR",      "EINVAL",        "EIO",          "EISDIR",     "ELOOP",
        "EMFILE",       "EMSGSIZE",   "ENAMETOOLONG",  "ENETUNREACH",  "ENFILE",     "ENODEV",
        "ENOENT",       "ENOEXEC",    "ENOMEM",        "ENOSPC",       "ENOSYS",     "ENOTCONN",
        "ENOTDIR",      "ENOTEMPTY",  "ENOTFOUND",     "ENOTSOCK",     "ENOTSUP",    "EPERM",
        "EPIPE",        "EPROTO",     "ERANGE",        "EROFS",        "ESRCH",      "ETIMEDOUT",
        "EXDEV"};
    return s.p[0] == 'E' && in(names, SC_LEN(names), s);
}

static bool signal_name(sc_str s) {
    static const char *const names[] = {"SIGABRT", "SIGBUS",  "SIGFPE", "SIGILL",  "SIGKILL",
                                        "SIGPIPE", "SIGSEGV", "SIGSYS", "SIGTERM", "SIGTRAP"};
    return in(names, SC_LEN(names), s);
}

/* Capitals and a number: E1234, TS2322, ORA-00942, CS0103. */
static bool numbered_code(sc_str s) {
    size_t caps = sc_chars_span(s, SC_CHARS_UPPER);
    if (caps == 0 || caps > 4 || caps == s.n) return false;
    bool dash = s.p[caps] == '-';
    sc_str digits = sc_chars_from(s, caps + dash);
    if (digits.n < 3 || digits.n > 6 || !sc_chars_all(digits, SC_CHARS_DIGIT)) return false;
    if (!dash) return digits.n >= 3 && digits.n <= 5;
    /* FOO-123 is an issue key; vendors' codes with a dash are few. */
    static const char *const vendors[] = {"ORA", "PLS", "TNS", "SQL", "ERR", "MSB", "NU", "E"};
    return in(vendors, SC_LEN(vendors), (sc_str){s.p, caps});
}

/* CamelCase that ends in Exception or Error, perhaps with a package in front. */
static bool exception_name(sc_str s) {
    size_t dot = sc_chars_rfind(s, '.');
    sc_str t = dot == SIZE_MAX ? s : sc_chars_from(s, dot + 1);
    size_t end = sc_str_ends(t, "Exception") ? 9 : sc_str_ends(t, "Error") ? 5 : 0;
    if (!end || t.n <= end || !sc_chars_is(t.p[0], SC_CHARS_UPPER)) return false;
    return sc_chars_all(t, SC_CHARS_ALNUM | SC_CHARS_HIGH) || sc_chars_find(t, '_') != SIZE_MAX;
}

bool sc_mask_is_code(sc_str s) {
    if (s.n < 4 || s.n > 64) return false;
    if (sc_chars_is(s.p[0], SC_CHARS_UPPER)) {
        if (errno_name(s) || signal_name(s) || numbered_code(s) || exception_name(s)) return true;
        bool caps = true;
        for (size_t i = 0; i < s.n; i++)
            caps &= sc_chars_is(s.p[i], SC_CHARS_UPPER | SC_CHARS_DIGIT) || s.p[i] == '_';
        return caps && (sc_str_starts(s, "ERR_") || sc_str_starts(s, "EXC_") ||
                        sc_str_starts(s, "DNS_PROBE") || sc_str_ends(s, "_ERROR") ||
                        sc_str_find(s, SC_STR("_ERR_")) != SIZE_MAX);
    }
    if (s.n == 10 && s.p[0] == '0' &&
        (s.p[1] | 32) == 'x') /* HRESULT failures and NTSTATUS errors */
        return sc_chars_istarts(s, "0x800") || sc_chars_istarts(s, "0xc00");
    return sc_chars_find(s, '.') != SIZE_MAX && exception_name(s);
}
