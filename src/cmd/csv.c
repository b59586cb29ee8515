/* CSV: RFC 4180 with the liberties that spreadsheets take. See cmd.h. */
#include "cmd/cmd.h"

enum { READ_STEP = 64 << 10 };

void sc_csv_init(sc_csv *c, sc_read_fn read, void *self, char separator) {
    memset(c, 0, sizeof *c);
    c->read = read;
    c->self = self;
    c->separator = separator;
    c->line = 1;
    sc_buf_init(&c->in, 2 * SC_CSV_MAX_RECORD + READ_STEP);
    sc_buf_init(&c->text, SC_CSV_MAX_RECORD + SC_CSV_MAX_FIELDS);
}

void sc_csv_done(sc_csv *c) {
    sc_buf_done(&c->in);
    sc_buf_done(&c->text);
}

/* Reads more behind what is there; what is used up goes first. */
static sc_rc more(sc_csv *c, sc_err *err) {
    if (c->at) {
        memmove(c->in.p, c->in.p + c->at, c->in.n - c->at);
        c->in.n -= c->at;
        c->at = 0;
    }
    if (!sc_buf_reserve(&c->in, READ_STEP)) return sc_buf_check(&c->in, "the CSV reader", err);
    size_t n = 0;
    sc_rc rc = c->read(c->self, c->in.p + c->in.n, READ_STEP, &n, err);
    if (rc) return rc;
    c->in.n += n;
    c->ended = n == 0;
    return SC_OK;
}

/* One record as a state machine over its bytes. */
enum state { FIELD_START, PLAIN, QUOTED, QUOTE_IN_QUOTED, AFTER_CR, DONE, WRONG };

typedef struct scan {
    enum state state;
    size_t used;                      /* bytes of the record with its end, from c->at            */
    size_t ends;                      /* of the record's line end                                */
    size_t starts[SC_CSV_MAX_FIELDS]; /* in c->text                              */
    size_t n;
    const char *why;
} scan;

static void begin_field(sc_csv *c, scan *s) {
    if (s->n == SC_CSV_MAX_FIELDS) {
        s->state = WRONG;
        s->why = "more than 512 fields";
        return;
    }
    s->starts[s->n++] = c->text.n;
}

static void wrong(scan *s, const char *why) {
    s->state = WRONG;
    s->why = why;
}

/* The end of a field, met outside quotes: true when `ch` is one. */
static bool met_end(sc_csv *c, scan *s, char ch) {
    if (ch == c->separator) {
        s->state = FIELD_START;
        begin_field(c, s);
    } else if (ch == '\n') {
        s->state = DONE;
        s->ends = 1;
    } else if (ch == '\r') {
        s->state = AFTER_CR;
    } else {
        return false;
    }
    return true;
}

static void step(sc_csv *c, scan *s, char ch) {
    switch (s->state) {
    case FIELD_START:
        if (met_end(c, s, ch)) return;
        s->state = ch == '"' ? QUOTED : PLAIN;
        if (ch != '"') sc_buf_putc(&c->text, ch);
        return;
    case PLAIN:
        if (!met_end(c, s, ch)) sc_buf_putc(&c->text, ch);
        return;
    case QUOTED:
        if (ch == '"')
            s->state = QUOTE_IN_QUOTED;
        else
            sc_buf_putc(&c->text, ch);
        return;
    case QUOTE_IN_QUOTED:
        if (ch == '"') {
            sc_buf_putc(&c->text, '"');
            s->state = QUOTED;
        } else if (!met_end(c, s, ch)) {
            wrong(s, "text after a closing quote");
        }
        return;
    case AFTER_CR: /* CRLF ends the record, and so does a CR alone */
        s->state = DONE;
        s->ends = ch == '\n' ? 2 : 1;
        if (ch != '\n') s->used--; /* not ours */
        return;
    case DONE:
    case WRONG: return;
    }
}

/* Runs the machine until the record ends, is wrong, or the file ends. */
static sc_rc scan_record(sc_csv *c, scan *s, sc_err *err) {
    sc_buf_reset(&c->text);
    begin_field(c, s);
    while (s->state != DONE && s->state != WRONG) {
        if (c->at + s->used == c->in.n) {
            sc_rc rc = c->ended ? SC_OK : more(c, err);
            if (rc) return rc;
            if (c->at + s->used == c->in.n) break;
        }
        step(c, s, c->in.p[c->at + s->used++]);
        if (s->used > SC_CSV_MAX_RECORD && s->state != DONE)
            wrong(s, "longer than 1 MiB, or a quote that never closes");
    }
    if (s->state == QUOTED) wrong(s, "a quote that never closes");
    if (s->state == AFTER_CR) s->ends = 1;
    if (c->text.failed) wrong(s, "out of memory");
    return SC_OK;
}

/* A wrong record is its first line alone: the lines after it may be good. */
static void cut_to_line(sc_csv *c, scan *s) {
    const char *from = c->in.p + c->at;
    const char *nl = memchr(from, '\n', c->in.n - c->at);
    s->used = nl ? (size_t)(nl - from) + 1 : c->in.n - c->at;
    s->ends = nl ? (nl > from && nl[-1] == '\r' ? 2 : 1) : 0;
}

static void choose_separator(sc_csv *c) {
    static const char choices[] = {',', ';', '\t'};
    size_t counts[sizeof choices] = {0}, best = 0;
    bool quoted = false;
    for (size_t i = c->at; i < c->in.n && (quoted || c->in.p[i] != '\n'); i++) {
        if (c->in.p[i] == '"') quoted = !quoted;
        for (size_t k = 0; k < sizeof choices; k++)
            counts[k] += !quoted && c->in.p[i] == choices[k];
    }
    for (size_t k = 1; k < sizeof choices; k++)
        if (counts[k] > counts[best]) best = k;
    c->separator = choices[best];
}

static sc_rc start(sc_csv *c, sc_err *err) {
    while (!c->ended && c->in.n < READ_STEP) {
        sc_rc rc = more(c, err);
        if (rc) return rc;
    }
    if (c->in.n >= 3 && !memcmp(c->in.p, "\xEF\xBB\xBF", 3)) c->at = 3;
    if (!c->separator) choose_separator(c);
    return SC_OK;
}

sc_rc sc_csv_next(sc_csv *c, sc_err *err) {
    c->n_fields = 0;
    c->raw = SC_STR_NONE;
    if (c->raw_line == 0) {
        sc_rc rc = start(c, err);
        if (rc) return rc;
    }
    scan s = {.state = FIELD_START};
    sc_rc rc = scan_record(c, &s, err);
    if (rc) return rc;
    if (s.used == 0) return sc_fail(err, SC_NOT_FOUND, "the end of the file");
    if (s.state == WRONG) cut_to_line(c, &s);

    c->raw = (sc_str){c->in.p + c->at, s.used - s.ends};
    c->raw_line = c->line;
    for (size_t i = 0; i < s.used; i++) c->line += c->in.p[c->at + i] == '\n';
    c->at += s.used;
    if (s.state == WRONG) return sc_fail(err, SC_INVALID, "%s", s.why);
    for (size_t i = 0; i < s.n; i++) {
        size_t end = i + 1 < s.n ? s.starts[i + 1] : c->text.n;
        c->fields[i] = (sc_str){(c->text.p ? c->text.p : "") + s.starts[i], end - s.starts[i]};
    }
    c->n_fields = s.n;
    return SC_OK;
}
