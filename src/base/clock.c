#include "base/clock.h"

#include <time.h>

static int64_t wall(void *self) {
    (void)self;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t mono(void *self) {
    (void)self;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

const sc_clock sc_clock_system = {wall, mono, NULL};

/* Days since 1970-01-01 of a proleptic Gregorian date (H. Hinnant, "chrono-compatible low-level
 * date algorithms", days_from_civil). */
static int64_t days_of(int64_t y, int m, int d) {
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

#define MS_YEAR_0 (-62167219200000LL)
#define MS_YEAR_9999 253402300799999LL

static char *put_digits(char *at, int value, int n) {
    for (int i = n; i--; value /= 10) at[i] = (char)('0' + value % 10);
    return at + n;
}

void sc_time_format(int64_t ms, char ret_text[SC_TIME_TEXT]) {
    ms = SC_MAX(SC_MIN(ms, MS_YEAR_9999), MS_YEAR_0);
    int64_t sec = ms / 1000, frac = ms % 1000;
    if (frac < 0) {
        frac += 1000;
        sec--;
    }
    time_t t = (time_t)sec;
    struct tm tm;
    gmtime_r(&t, &tm);
    char *p = put_digits(ret_text, tm.tm_year + 1900, 4);
    *p++ = '-';
    p = put_digits(p, tm.tm_mon + 1, 2);
    *p++ = '-';
    p = put_digits(p, tm.tm_mday, 2);
    *p++ = 'T';
    p = put_digits(p, tm.tm_hour, 2);
    *p++ = ':';
    p = put_digits(p, tm.tm_min, 2);
    *p++ = ':';
    p = put_digits(p, tm.tm_sec, 2);
    *p++ = '.';
    p = put_digits(p, (int)frac, 3);
    *p++ = 'Z';
    *p = 0;
}

static bool digits(sc_str s, size_t at, int n, int *ret) {
    if (at + (size_t)n > s.n) return false;
    int v = 0;
    for (int i = 0; i < n; i++) {
        char c = s.p[at + (size_t)i];
        if (c < '0' || c > '9') return false;
        v = v * 10 + (c - '0');
    }
    *ret = v;
    return true;
}

static bool at(sc_str s, size_t i, const char *any) {
    return i < s.n && strchr(any, s.p[i]) && s.p[i];
}

sc_rc sc_time_parse(sc_str s, int64_t *ret_ms, sc_err *err) {
    int y, mo, d, h, mi, se, off = 0;
    bool ok = digits(s, 0, 4, &y) && at(s, 4, "-") && digits(s, 5, 2, &mo) && at(s, 7, "-") &&
              digits(s, 8, 2, &d) && at(s, 10, "Tt ") && digits(s, 11, 2, &h) && at(s, 13, ":") &&
              digits(s, 14, 2, &mi) && at(s, 16, ":") && digits(s, 17, 2, &se);
    size_t i = 19;
    int ms = 0;
    if (ok && at(s, i, ".")) {
        int scale = 100;
        size_t first = ++i;
        for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++, scale /= 10)
            ms += (s.p[i] - '0') * scale;
        ok = i > first;
    }
    if (ok && at(s, i, "Zz")) {
        i++;
    } else if (ok) {
        int oh, om;
        ok = at(s, i, "+-") && digits(s, i + 1, 2, &oh) && at(s, i + 3, ":") &&
             digits(s, i + 4, 2, &om) && oh < 24 && om < 60;
        if (ok) off = (oh * 60 + om) * (s.p[i] == '-' ? -1 : 1);
        i += 6;
    }
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = ok && (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0));
    if (!ok || i != s.n || mo < 1 || mo > 12 || d < 1 || d > days[mo - 1] ||
        (mo == 2 && d == 29 && !leap) || h > 23 || mi > 59 || se > 60)
        return sc_fail(err, SC_INVALID, "expected a time such as 2026-11-21T22:44:35Z (RFC 3339)");
    *ret_ms = ((days_of(y, mo, d) * 24 + h) * 60 + mi - off) * 60000LL + se * 1000LL + ms;
    return SC_OK;
}
