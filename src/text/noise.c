#include "text/noise.h"

#include "text/chars.h"

enum { SIGNATURE_LINES = 12, HEADING_BYTES = 80 };

/* Headings that trackers' templates give; compared in lower case without marks at either end. */
static const char *const headings[] = {
    "actual behavior",
    "actual behaviour",
    "actual result",
    "actual results",
    "additional context",
    "additional information",
    "additional notes",
    "any other comments",
    "app version",
    "attachments",
    "brief description",
    "browser",
    "bug description",
    "bug report",
    "bug summary",
    "checklist",
    "code of conduct",
    "current behavior",
    "current behaviour",
    "debug logs",
    "describe the bug",
    "describe the issue",
    "describe the problem",
    "description",
    "desktop (please complete the following information)",
    "details",
    "device",
    "device info",
    "device information",
    "environment",
    "environment details",
    "error log",
    "error logs",
    "error message",
    "expected behavior",
    "expected behaviour",
    "expected result",
    "expected results",
    "expected vs actual",
    "feature description",
    "how to reproduce",
    "is there an existing issue for this",
    "issue description",
    "issue summary",
    "issue type",
    "logs",
    "minimal reproducible example",
    "minimal reproduction",
    "notes",
    "observed behavior",
    "observed behaviour",
    "operating system",
    "other information",
    "platform",
    "possible fix",
    "possible solution",
    "preconditions",
    "prerequisites",
    "problem",
    "problem description",
    "relevant log output",
    "repro",
    "repro steps",
    "reproducibility",
    "reproducible test case",
    "reproduction",
    "reproduction steps",
    "screenshot",
    "screenshots",
    "smartphone (please complete the following information)",
    "stack trace",
    "stacktrace",
    "steps",
    "steps for reproduce",
    "steps to recreate",
    "steps to repro",
    "steps to reproduce",
    "steps to reproduce the behavior",
    "steps to reproduce the issue",
    "suggested fix",
    "suggested solution",
    "summary",
    "system info",
    "system information",
    "test case",
    "test steps",
    "to reproduce",
    "version",
    "version information",
    "versions",
    "what did you do",
    "what did you expect",
    "what did you expect to happen",
    "what did you expect to see",
    "what happened",
    "what is the current behavior",
    "what is the expected behavior",
    "what version are you using",
    "what were you trying to do",
    "workaround",
    "your environment",
};

static const char *const boxes[] = {
    "i have searched",
    "i have read",
    "i've searched",
    "i've read",
    "i agree",
    "i confirm",
    "i have checked",
    "i checked",
    "i searched",
    "i read",
    "code of conduct",
    "existing issues",
    "contributing guide",
    "latest version of",
    "not a duplicate",
    "i am using the latest",
    "i have verified",
    "i understand",
};

static const char *const whole_lines[] = {
    "_no response_",  "no response",         "n/a",
    "sent from my ",  "get outlook for ",    "sent via ",
    "sent with ",     "gesendet von ",       "von meinem ",
    "envoyé de mon ", "enviado desde ",      "*please fill",
    "please fill in", "please describe the",
};

static const char *const wrote[] = {
    " wrote:", " writes:", " schrieb:", " a écrit :", " a écrit:", " escribió:"};
static const char *const wrote_start[] = {"on ", "am ", "le ", "el "};

/* A heading without its marks: "### **Steps to reproduce:**" -> "Steps to reproduce". */
static sc_str bare(sc_str s, bool *ret_marked) {
    sc_str t = sc_str_trim(s);
    size_t before = t.n;
    if (t.n > 3 && t.p[0] == 'h' && sc_chars_is(t.p[1], SC_CHARS_DIGIT) && t.p[2] == '.')
        t = sc_chars_from(t, 3);
    while (t.n && (strchr("#*_:=-+> \t[(", t.p[0]))) t = sc_chars_from(t, 1);
    while (t.n && (strchr("#*_:=-+ \t?.!])", t.p[t.n - 1]))) t.n--;
    *ret_marked = t.n != before;
    return t;
}

static bool template_heading(sc_str line) {
    bool marked;
    sc_str t = bare(line, &marked);
    /* An unmarked "Logs" may be an answer; marked it is a heading. */
    if (!marked || t.n < 4 || t.n > HEADING_BYTES) return false;
    size_t lo = 0, hi = SC_LEN(headings);
    char lower[HEADING_BYTES];
    for (size_t i = 0; i < t.n; i++) lower[i] = sc_chars_lower(t.p[i]);
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int c = sc_str_cmp((sc_str){lower, t.n}, sc_str_of(headings[mid]));
        if (c == 0) return true;
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return false;
}

static bool checkbox(sc_str t) {
    if (t.n < 5 || !strchr("-*+", t.p[0]) || t.p[1] != ' ' || t.p[2] != '[' || t.p[4] != ']')
        return false;
    if (t.p[3] == ' ') return true; /* not ticked: does not apply */
    sc_str s = sc_chars_from(t, 5);
    s.n = SC_MIN(s.n, (size_t)400);
    for (size_t i = 0; i < SC_LEN(boxes); i++)
        if (sc_chars_icontains(s, boxes[i])) return true;
    return false;
}

/* ---, ===, ***, |---|:--| */
static bool rule(sc_str t) {
    if (t.n < 3) return false;
    for (size_t i = 0; i < t.n; i++)
        if (!strchr("-=*_|: \t+~#", t.p[i]) || !t.p[i]) return false;
    return true;
}

static bool mail_intro(sc_str t) {
    if (t.n < 10 || t.n > 300 || (t.p[t.n - 1] != ':')) return false;
    bool start = false, end = false;
    for (size_t i = 0; i < SC_LEN(wrote_start); i++) start |= sc_chars_istarts(t, wrote_start[i]);
    for (size_t i = 0; start && i < SC_LEN(wrote); i++) end |= sc_str_ends(t, wrote[i]);
    return start && end;
}

bool sc_noise_line(sc_str line) {
    sc_str t = sc_str_trim(line);
    if (t.n == 0) return false;
    /* "> quoted", ">quoted", ">> twice"; "->" and "=>" are elsewhere, ">=" and ">5" are text */
    if (t.p[0] == '>' &&
        (t.n == 1 || t.p[1] == ' ' || t.p[1] == '>' || sc_chars_is(t.p[1], SC_CHARS_ALPHA)))
        return true;
    if (sc_chars_is(t.p[0], SC_CHARS_ALNUM) && t.n > 400) return false;
    if (rule(t) || checkbox(t) || mail_intro(t)) return true;
    for (size_t i = 0; t.n < 120 && i < SC_LEN(whole_lines); i++)
        if (sc_chars_istarts(t, whole_lines[i]) &&
            (whole_lines[i][0] != 'n' || t.n == strlen(whole_lines[i])))
            return true;
    return template_heading(t);
}

bool sc_noise_ends(sc_str line, sc_str rest) {
    if (sc_chars_istarts(line, "-----original message") ||
        sc_chars_istarts(line, "---------- forwarded message") ||
        sc_chars_istarts(line, "-----ursprüngliche nachricht"))
        return true;
    bool dashes = sc_str_is(line, "-- ") || sc_str_is(line, "--");
    if (!dashes) return false;
    /* A signature is short; a report that goes on for pages after "--" is not one. */
    size_t lines = 0;
    for (size_t i = 0; i < rest.n && lines <= SIGNATURE_LINES; i++) lines += rest.p[i] == '\n';
    return lines <= SIGNATURE_LINES;
}
