/* Output for people: what a terminal can show, and nothing that it would obey. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <utf8proc.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "text/fold.h"

static bool terminal, colour;
static size_t width;

void sc_out_setup(const char *color) {
    terminal = isatty(STDOUT_FILENO);
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    bool dumb = term && !strcmp(term, "dumb");
    colour = terminal && !(no && *no) && !dumb;
    if (color && !strcmp(color, "always")) colour = true;
    if (color && !strcmp(color, "never")) colour = false;
    struct winsize w;
    width = 0;
    if (terminal)
        width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col >= 20 ? w.ws_col : 80;
}

bool sc_out_terminal(void) { return terminal; }
size_t sc_out_width(void) { return width; }

/* Cleaned text on the heap, lines kept; the caller frees it. Empty on no memory. */
static char *cleaned(sc_str text, size_t *ret_n) {
    *ret_n = 0;
    if (text.n > SIZE_MAX / 4) return NULL;
    char *p = sc_alloc(3 * text.n + 1);
    if (p) *ret_n = sc_fold_clean(text, p);
    return p;
}

void sc_out_clean(sc_buf *out, sc_str text) {
    size_t n;
    char *p = cleaned(text, &n);
    bool space = true; /* none at the start, and runs become one */
    for (size_t i = 0; i < n; i++) {
        bool white = p[i] == ' ' || p[i] == '\n' || p[i] == '\t';
        if (!white)
            sc_buf_putc(out, p[i]);
        else if (!space)
            sc_buf_putc(out, ' ');
        space = white;
    }
    sc_free(p);
}

void sc_out_block(sc_str text, size_t indent) {
    size_t n;
    char *p = cleaned(text, &n);
    sc_str rest = {p, n}, line;
    while (p && sc_str_next(&rest, '\n', &line))
        printf("%*s%.*s\n", line.n ? (int)indent : 0, "", SC_FMT(line));
    sc_free(p);
}

static size_t columns_of(uint32_t cp) {
    int w = utf8proc_charwidth((utf8proc_int32_t)cp);
    return w > 0 ? (size_t)w : 0;
}

size_t sc_out_columns(sc_str text) {
    size_t n = 0;
    for (size_t i = 0; i < text.n;) n += columns_of(sc_utf8_next(text, &i));
    return n;
}

static const char *code_of(sc_style style) {
    static const char *const codes[] = {
        [SC_PLAIN] = "",       [SC_BOLD] = "\033[1m",   [SC_DIM] = "\033[2m",
        [SC_RED] = "\033[31m", [SC_GREEN] = "\033[32m", [SC_YELLOW] = "\033[33m",
        [SC_CYAN] = "\033[36m"};
    return colour ? codes[style] : "";
}
static const char *end_of(sc_style style) { return colour && style != SC_PLAIN ? "\033[0m" : ""; }

void sc_out_styled(sc_style style, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    fputs(code_of(style), stdout);
    vprintf(fmt, ap);
    fputs(end_of(style), stdout);
    va_end(ap);
}

void sc_out_time(sc_buf *out, int64_t ms) {
    static const struct {
        int64_t s;
        const char *unit;
    } units[] = {{31557600, "year"}, {2629800, "month"}, {86400, "day"}, {3600, "h"}, {60, "min"}};
    if (ms == 0) {
        sc_buf_puts(out, "-");
        return;
    }
    if (!terminal) {
        char text[SC_TIME_TEXT];
        sc_time_format(ms, text);
        sc_buf_puts(out, text);
        return;
    }
    int64_t ago = (sc_now_ms(&sc_clock_system) - ms) / 1000;
    const char *tail = ago < 0 ? "from now" : "ago";
    if (ago < 0) ago = -ago;
    for (size_t i = 0; i < SC_LEN(units); i++) {
        int64_t n = ago / units[i].s;
        if (n == 0) continue;
        const char *plural = i < 3 && n != 1 ? "s" : "";
        sc_buf_putf(out, "%lld %s%s %s", (long long)n, units[i].unit, plural, tail);
        return;
    }
    sc_buf_puts(out, "just now");
}

void sc_out_time_text(sc_buf *out, sc_str rfc3339) {
    int64_t ms = 0;
    if (rfc3339.n && sc_time_parse(rfc3339, &ms, NULL))
        sc_out_clean(out, rfc3339);
    else
        sc_out_time(out, ms);
}

void sc_out_id(sc_buf *out, sc_str id) {
    if (terminal && id.n == 36) id = (sc_str){id.p + 28, 8};
    sc_out_clean(out, id);
}

void sc_out_number(sc_buf *out, int64_t n) {
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%lld", (long long)n);
    for (int i = 0; i < len; i++) {
        sc_buf_putc(out, digits[i]);
        int left = len - 1 - i;
        if (left && left % 3 == 0 && digits[i] != '-') sc_buf_putc(out, ',');
    }
}

int sc_out_end(int code) {
    errno = 0;
    bool bad = fflush(stdout) != 0 || ferror(stdout);
    if (!bad) return code;
    if (errno != EPIPE) /* a pager that was closed early needs no word */
        fprintf(stderr, "soulcaster: writing to standard output failed\n");
    return code ? code : SC_EXIT_FAILED;
}

/* ---- Tables -------------------------------------------------------------------------------------- */

enum { TABLE_BYTES = 64 << 20, GAP = 2, WISHED = 12, LEAST = 5, READABLE = 40 };

void sc_table_init(sc_table *t, const sc_column *columns, size_t n) {
    *t = (sc_table){.columns = columns, .n_columns = SC_MIN(n, (size_t)SC_TABLE_MAX_COLUMNS)};
    sc_arena_init(&t->arena, TABLE_BYTES);
}

void sc_table_done(sc_table *t) {
    sc_arena_done(&t->arena);
    sc_free(t->cells);
    t->cells = NULL;
}

void sc_table_cell(sc_table *t, sc_style style, sc_str text) {
    if (t->n_cells == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 128;
        void *more = sc_realloc_array(t->cells, cap, sizeof *t->cells);
        if (!more) {
            t->failed = true;
            return;
        }
        t->cells = more;
        t->cap = cap;
    }
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4 * SC_FEEDBACK_MAX_TITLE);
    sc_out_clean(&b, sc_str_clip(text, SC_FEEDBACK_MAX_TITLE));
    char *copy = sc_arena_copy(&t->arena, b.p ? b.p : "", b.n);
    if (!copy) t->failed = true;
    t->cells[t->n_cells++] = (struct sc_cell){copy ? (sc_str){copy, b.n} : SC_STR_NONE, style};
}

void sc_table_cellf(sc_table *t, sc_style style, const char *fmt, ...) {
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    sc_table_cell(t, style, sc_str_of(text));
}

/* The columns of a table as they are printed. */
typedef struct layout {
    const sc_table *t;
    bool gone[SC_TABLE_MAX_COLUMNS];
    size_t full[SC_TABLE_MAX_COLUMNS], widths[SC_TABLE_MAX_COLUMNS];
} layout;

/* Takes from the giving columns, the widest first, until the line fits or each is down to `least`. */
static void fit(layout *y, size_t least) {
    const sc_table *t = y->t;
    while (width) {
        size_t total = 0, widest = SIZE_MAX;
        for (size_t i = 0; i < t->n_columns; i++) {
            if (y->gone[i]) continue;
            total += y->widths[i] + (total ? GAP : 0);
            if (t->columns[i].gives && y->widths[i] > least &&
                (widest == SIZE_MAX || y->widths[i] > y->widths[widest]))
                widest = i;
        }
        if (total <= width || widest == SIZE_MAX) return;
        y->widths[widest] -= SC_MIN(total - width, y->widths[widest] - least);
    }
}

/* The column that leaves next, or SIZE_MAX. */
static size_t next_to_leave(const layout *y) {
    size_t next = SIZE_MAX;
    const sc_column *columns = y->t->columns;
    for (size_t i = 0; i < y->t->n_columns; i++)
        if (columns[i].leaves && !y->gone[i] &&
            (next == SIZE_MAX || columns[i].leaves < columns[next].leaves))
            next = i;
    return next;
}

/* On a narrow terminal whole columns go, so that the last one, the title, can still be read. */
static void lay_out(layout *y) {
    size_t n = y->t->n_columns, last = n - 1;
    for (size_t next = 0; next != SIZE_MAX;) {
        memcpy(y->widths, y->full, sizeof y->widths);
        fit(y, WISHED);
        fit(y, LEAST);
        if (y->widths[last] >= SC_MIN(y->full[last], (size_t)READABLE)) return;
        next = next_to_leave(y);
        if (next != SIZE_MAX) y->gone[next] = true;
    }
}

static void print_cell(sc_str text, sc_style style, size_t room, bool right, bool last) {
    size_t have = sc_out_columns(text), cut = text.n;
    const char *dots = "";
    if (have > room) {
        dots = "…";
        have = 0;
        cut = 0;
        for (size_t i = 0; i < text.n;) {
            size_t w = columns_of(sc_utf8_next(text, &i));
            if (have + w + 1 > room) break;
            have += w;
            cut = i;
        }
        have++;
    }
    if (right) printf("%*s", (int)(room - have), "");
    printf("%s%.*s%s%s", code_of(style), (int)cut, text.p ? text.p : "", dots, end_of(style));
    if (!right && !last) printf("%*s", (int)(room - have), "");
    fputs(last ? "\n" : "  ", stdout);
}

void sc_table_print(sc_table *t) {
    layout y = {.t = t};
    size_t n = t->n_columns;
    for (size_t i = 0; i < n; i++) y.full[i] = strlen(t->columns[i].head);
    for (size_t i = 0; i < t->n_cells; i++)
        y.full[i % n] = SC_MAX(y.full[i % n], sc_out_columns(t->cells[i].text));
    lay_out(&y);
    for (size_t i = 0; i < n; i++)
        if (!y.gone[i])
            print_cell(sc_str_of(t->columns[i].head), SC_DIM, y.widths[i], t->columns[i].right,
                       i + 1 == n);
    for (size_t i = 0; i < t->n_cells; i++)
        if (!y.gone[i % n])
            print_cell(t->cells[i].text, t->cells[i].style, y.widths[i % n],
                       t->columns[i % n].right, i % n + 1 == n);
    if (t->failed) fprintf(stderr, "soulcaster: out of memory; the table is not complete\n");
    t->n_cells = 0;
    sc_arena_reset(&t->arena);
}

/* ---- Progress ------------------------------------------------------------------------------------ */

void sc_progress_start(sc_progress *p, const char *what) {
    *p = (sc_progress){.what = what, .terminal = isatty(STDERR_FILENO)};
    p->started_us = p->told_us = sc_mono_us(&sc_clock_system);
}

void sc_progress_tell(sc_progress *p, int64_t done, int64_t total) {
    int64_t now = sc_mono_us(&sc_clock_system), every = p->terminal ? 100000 : 5000000;
    if (now - p->told_us < every) return;
    p->told_us = now;
    p->shown = true;
    char counts[80];
    if (total > 0)
        snprintf(counts, sizeof counts, "%lld of %lld (%d %%)", (long long)done, (long long)total,
                 (int)(100.0 * (double)done / (double)total));
    else
        snprintf(counts, sizeof counts, "%lld", (long long)done);
    double s = (double)(now - p->started_us) / 1e6;
    fprintf(stderr, "%s%s: %s, %.0f/s%s", p->terminal ? "\r\033[K" : "", p->what, counts,
            s > 0 ? (double)done / s : 0, p->terminal ? "" : "\n");
    fflush(stderr);
}

void sc_progress_end(sc_progress *p) {
    if (p->terminal && p->shown) fputs("\r\033[K", stderr);
    p->shown = false;
}

void sc_sleep_ms(int64_t ms) {
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep(&t, &t) && errno == EINTR) {
    }
}
