#include "agents/tools.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/walk.h"
#include "base/json.h"
#include "proc/proc.h"

enum {
    MAX_LISTED = 500,
    MAX_LINES = 400,
    MAX_LINE = 400,      /* bytes of a line that are shown  */
    MAX_SEARCHED = 4000, /* bytes of a line that are looked through */
    MAX_FOUND = 100,
    MAX_FILE = 4 << 20,
    MAX_RUN_OUTPUT = 12 << 10,
    RUN_OUTPUT_LIMIT = 64 << 20,
    RUN_MS = 120000,
    GRACE_MS = 1000,
};

const sc_tool sc_agent_tools[] = {
    {"list",
     "Lists the files and folders below a folder of the project.",
     {{"path", "string", "the folder; leave it out for the whole project", false}}},
    {"read",
     "Reads a text file; each line comes with its number. At most 400 lines at a time.",
     {{"path", "string", "the file", true},
      {"from", "integer", "the first line, counted from 1; the beginning if left out", false},
      {"lines", "integer", "how many lines", false}}},
    {"search",
     "Looks for a POSIX extended regular expression, line by line, in the project's text files.",
     {{"pattern", "string", "the expression, such as 'parse_date *\\('", true},
      {"path", "string", "a folder or a file to look in; leave it out for the whole project",
       false}}},
    {"edit",
     "Replaces one piece of a file by another. `old` must stand in the file exactly once, with its "
     "white space and "
     "without line numbers; take enough lines around it. An empty `old` makes a new file with "
     "`new` in it.",
     {{"path", "string", "the file", true},
      {"old", "string", "the text to be replaced, exactly as it stands there", true},
      {"new", "string", "the text that comes in its place", true}}},
    {"run",
     "Runs a shell command in the project's folder, to build or to test. There is no network. Long "
     "output is cut in "
     "its middle.",
     {{"command", "string", "for /bin/sh", true},
      {"timeout_s", "integer", "seconds until it is ended; 120 if left out", false}}},
    {"done",
     "Says that the work is finished, or that it cannot be done and why. Nothing comes after it.",
     {{"summary", "string", "what was wrong and what you changed, in a few sentences", true}}},
};
const size_t sc_agent_tools_n = SC_LEN(sc_agent_tools);

/* ---- Helpers ------------------------------------------------------------------------------------- */

static sc_tool_end failed(sc_buf *out, const sc_err *err) {
    sc_buf_putf(out, "error: %s", err->msg);
    return SC_TOOL_FAILED;
}

static sc_tool_end fail_with(sc_buf *out, const char *words) {
    sc_buf_putf(out, "error: %s", words);
    return SC_TOOL_FAILED;
}

static sc_rc full_path(const sc_tool_box *b, const char *path, char ret[PATH_MAX], sc_err *err) {
    int n = snprintf(ret, PATH_MAX, "%s/%s", b->work, path);
    return n < 0 || n >= PATH_MAX ? sc_fail(err, SC_INVALID, "the path is too long") : SC_OK;
}

static sc_rc read_file(const sc_tool_box *b, const char *path, sc_buf *ret, sc_err *err) {
    char full[PATH_MAX];
    sc_rc rc = full_path(b, path, full, err);
    if (rc) return rc;
    struct stat s;
    SC_AUTO(sc_auto_close) int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return sc_fail_sys(err, errno == ENOENT ? SC_NOT_FOUND : SC_IO, errno, "open %.120s", path);
    if (fstat(fd, &s) || !S_ISREG(s.st_mode))
        return sc_fail(err, SC_INVALID, "%.120s is no file", path);
    char piece[16 << 10];
    ssize_t n = 0;
    while (!ret->failed && (n = read(fd, piece, sizeof piece)) > 0)
        sc_buf_put(ret, piece, (size_t)n);
    if (n < 0) return sc_fail_sys(err, SC_IO, errno, "read %.120s", path);
    return sc_buf_check(ret, "the file", err);
}

static bool is_binary(sc_str text) {
    return text.n && memchr(text.p, 0, SC_MIN(text.n, (size_t)8192));
}

/* One path below the work folder. */
static sc_rc path_of(const sc_tool_box *b, const json_t *args, bool folder, char ret[PATH_MAX],
                     sc_err *err) {
    sc_str given;
    sc_rc rc = sc_json_str(args, "path", &given, err);
    return rc ? rc : sc_walk_path(b->work, given, folder, ret, PATH_MAX, err);
}

/* ---- list, read, search -------------------------------------------------------------------------- */

typedef struct listing {
    sc_buf *out;
    size_t n;
} listing;

static bool list_one(void *self, const char *path) {
    listing *l = self;
    if (l->n == MAX_LISTED) {
        sc_buf_puts(l->out, "[there is more; list a folder of these]\n");
        return false;
    }
    l->n++;
    sc_buf_puts(l->out, path);
    return sc_buf_putc(l->out, '\n');
}

static sc_tool_end tool_list(const sc_tool_box *b, const json_t *args, sc_buf *out) {
    char path[PATH_MAX];
    sc_err err = {0};
    listing l = {.out = out};
    sc_rc rc = path_of(b, args, true, path, &err);
    if (!rc) rc = sc_walk(b->work, path, list_one, &l, &err);
    if (rc) return failed(out, &err);
    if (!l.n) sc_buf_puts(out, "[an empty folder]\n");
    return SC_TOOL_FINE;
}

static sc_tool_end tool_read(const sc_tool_box *b, const json_t *args, sc_buf *out) {
    char path[PATH_MAX];
    int64_t from = 1, lines = MAX_LINES, at = 0;
    sc_err err = {0};
    SC_AUTO(sc_buf_done) sc_buf text;
    sc_buf_init(&text, MAX_FILE);
    sc_rc rc = path_of(b, args, false, path, &err);
    if (!rc) rc = sc_json_int(args, "from", 1, &from, &err);
    if (!rc) rc = sc_json_int(args, "lines", MAX_LINES, &lines, &err);
    if (!rc) rc = read_file(b, path, &text, &err);
    if (rc) return failed(out, &err);
    if (is_binary(sc_buf_str(&text))) return fail_with(out, "this is no text");
    from = SC_MAX(from, (int64_t)1);
    lines = SC_MIN(SC_MAX(lines, (int64_t)1), (int64_t)MAX_LINES);
    sc_str rest = sc_buf_str(&text), line;
    if (sc_str_ends(rest, "\n")) rest.n--;
    while (text.n && sc_str_next(&rest, '\n', &line)) {
        if (++at < from) continue;
        if (at >= from + lines) {
            sc_buf_puts(out, "[there is more]\n");
            break;
        }
        sc_str shown = sc_str_clip(line, MAX_LINE);
        sc_buf_putf(out, "%6lld\t%.*s%s\n", (long long)at, SC_FMT(shown),
                    shown.n < line.n ? " [the line goes on]" : "");
    }
    if (at < from) sc_buf_putf(out, "[the file has %lld lines]\n", (long long)at);
    return SC_TOOL_FINE;
}

typedef struct hunt {
    const sc_tool_box *b;
    regex_t re;
    sc_buf *out, text;
    size_t n;
} hunt;

static bool hunt_one(void *self, const char *path) {
    hunt *h = self;
    if (sc_str_ends(sc_str_of(path), "/")) return true;
    sc_buf_reset(&h->text);
    if (read_file(h->b, path, &h->text, NULL) || is_binary(sc_buf_str(&h->text))) return true;
    sc_str rest = sc_buf_str(&h->text), line;
    for (long at = 1; rest.n && sc_str_next(&rest, '\n', &line); at++) {
        char one[MAX_SEARCHED + 1];
        sc_str part = sc_str_clip(line, MAX_SEARCHED);
        memcpy(one, part.p, part.n);
        one[part.n] = 0;
        if (regexec(&h->re, one, 0, NULL, 0)) continue;
        sc_buf_putf(h->out, "%s:%ld: %.*s\n", path, at, SC_FMT(sc_str_clip(line, MAX_LINE)));
        if (++h->n == MAX_FOUND) {
            sc_buf_puts(h->out, "[there is more; look for something rarer, or in one folder]\n");
            return false;
        }
    }
    return true;
}

static sc_tool_end tool_search(const sc_tool_box *b, const json_t *args, sc_buf *out) {
    char path[PATH_MAX], full[PATH_MAX];
    sc_str pattern;
    sc_err err = {0};
    struct stat s;
    sc_rc rc = sc_json_str(args, "pattern", &pattern, &err);
    if (!rc) rc = path_of(b, args, true, path, &err);
    if (!rc) rc = full_path(b, path, full, &err);
    if (rc) return failed(out, &err);
    if (!pattern.n) return fail_with(out, "a pattern is missing");
    hunt h = {.b = b, .out = out};
    int wrong = regcomp(&h.re, pattern.p, REG_EXTENDED | REG_NOSUB); /* JSON strings end with NUL */
    if (wrong) {
        char words[128];
        regerror(wrong, &h.re, words, sizeof words);
        return fail_with(out, words);
    }
    sc_buf_init(&h.text, MAX_FILE);
    if (!stat(full, &s) && S_ISREG(s.st_mode))
        hunt_one(&h, path);
    else
        rc = sc_walk(b->work, path, hunt_one, &h, &err);
    sc_buf_done(&h.text);
    regfree(&h.re);
    if (rc) return failed(out, &err);
    if (!h.n) sc_buf_puts(out, "[not found]\n");
    return SC_TOOL_FINE;
}

/* ---- edit ---------------------------------------------------------------------------------------- */

static void make_folders(char *full, size_t from) {
    for (char *p = full + from; (p = strchr(p, '/')); p++) {
        *p = 0;
        mkdir(full, 0777); /* what is wrong shows when the file is opened */
        *p = '/';
    }
}

static sc_rc write_file(const sc_tool_box *b, const char *path, sc_str text, bool fresh,
                        sc_err *err) {
    char full[PATH_MAX];
    sc_rc rc = full_path(b, path, full, err);
    if (rc) return rc;
    if (fresh) make_folders(full, strlen(b->work) + 1);
    SC_AUTO(sc_auto_close)
    int fd = open(full, O_WRONLY | O_CLOEXEC | (fresh ? O_CREAT | O_EXCL : O_TRUNC), 0666);
    if (fd < 0) return sc_fail_sys(err, SC_IO, errno, "write %.120s", path);
    while (text.n) {
        ssize_t n = write(fd, text.p, text.n);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return sc_fail_sys(err, SC_IO, errno, "write %.120s", path);
        text.p += n;
        text.n -= (size_t)n;
    }
    return SC_OK;
}

static sc_rc replace(sc_str text, sc_str old, sc_str fresh, sc_buf *ret, sc_err *err) {
    size_t at = sc_str_find(text, old);
    if (at == SIZE_MAX)
        return sc_fail(err, SC_NOT_FOUND,
                       "`old` does not stand in the file; read it again and copy it exactly");
    sc_str rest = {text.p + at + 1, text.n - at - 1};
    if (sc_str_find(rest, old) != SIZE_MAX)
        return sc_fail(err, SC_CONFLICT,
                       "`old` stands there more than once; take more lines around it");
    sc_buf_put(ret, text.p, at);
    sc_buf_put_str(ret, fresh);
    sc_buf_put(ret, text.p + at + old.n, text.n - at - old.n);
    return sc_buf_check(ret, "the file", err);
}

static sc_tool_end tool_edit(const sc_tool_box *b, const json_t *args, sc_buf *out) {
    char path[PATH_MAX];
    sc_str old = SC_STR_NONE, fresh = SC_STR_NONE;
    sc_err err = {0};
    SC_AUTO(sc_buf_done) sc_buf text, changed;
    sc_buf_init(&text, MAX_FILE);
    sc_buf_init(&changed, MAX_FILE);
    sc_rc rc = path_of(b, args, false, path, &err);
    if (!rc) rc = sc_json_str(args, "old", &old, &err);
    if (!rc) rc = sc_json_str(args, "new", &fresh, &err);
    if (!rc && sc_str_eq(old, fresh))
        rc = sc_fail(&err, SC_INVALID, "`old` and `new` are the same");
    if (rc) return failed(out, &err);
    if (!old.n) {
        rc = write_file(b, path, fresh, true, &err);
        if (rc && err.sys == EEXIST)
            return fail_with(out, "the file is there already; say which part of it is `old`");
    } else {
        rc = read_file(b, path, &text, &err);
        if (!rc) rc = replace(sc_buf_str(&text), old, fresh, &changed, &err);
        if (!rc) rc = write_file(b, path, sc_buf_str(&changed), false, &err);
    }
    if (rc) return failed(out, &err);
    sc_buf_putf(out, "%s is written\n", path);
    return SC_TOOL_EDITED;
}

/* ---- run ----------------------------------------------------------------------------------------- */

static void keep_output(void *self, sc_proc_stream stream, sc_str bytes) {
    (void)stream;
    sc_proc_keep_put(self, bytes);
}

static sc_tool_end tool_run(const sc_tool_box *b, const json_t *args, sc_buf *out) {
    sc_str command;
    int64_t seconds;
    sc_err err = {0};
    sc_rc rc = sc_json_str(args, "command", &command, &err);
    if (!rc) rc = sc_json_int(args, "timeout_s", RUN_MS / 1000, &seconds, &err);
    if (rc) return failed(out, &err);
    if (!command.n) return fail_with(out, "a command is missing");
    sc_proc_keep keep;
    sc_proc_keep_init(&keep, MAX_RUN_OUTPUT);
    int64_t most_s = b->run_ms / 1000;
    const char *const argv[] = {"/bin/sh", "-c", command.p, NULL};
    const sc_proc_spec spec = {
        .argv = argv,
        .env = b->env,
        .cwd = b->work,
        .output = keep_output,
        .self = &keep,
        .timeout_ms = SC_MIN(SC_MAX(seconds, (int64_t)1), SC_MAX(most_s, (int64_t)1)) * 1000,
        .grace_ms = GRACE_MS,
        .max_output_bytes = RUN_OUTPUT_LIMIT};
    sc_proc_end end = {0};
    rc = sc_proc_run(&spec, &end, &err);
    if (!rc) sc_proc_keep_text(&keep, out);
    sc_proc_keep_done(&keep);
    if (rc) return failed(out, &err);
    if (out->n && out->p[out->n - 1] != '\n') sc_buf_putc(out, '\n');
    if (end.ended_for)
        sc_buf_putf(out, "[ended: %s]\n", end.ended_for);
    else if (end.signal)
        sc_buf_putf(out, "[ended by signal %d]\n", end.signal);
    else
        sc_buf_putf(out, "[exit status %d]\n", end.exit);
    return SC_TOOL_FINE;
}

/* ---- The call ------------------------------------------------------------------------------------ */

static sc_tool_end tool_done(const sc_tool_box *b, const json_t *args, sc_buf *out) {
    (void)b;
    sc_str summary = sc_json_str_at(args, "summary");
    if (!summary.n) return fail_with(out, "a summary is missing");
    sc_buf_put_str(out, summary);
    return SC_TOOL_DONE;
}

sc_tool_end sc_tool_call(const sc_tool_box *b, const char *name, const json_t *args, sc_buf *out) {
    static const struct {
        const char *name;
        sc_tool_end (*run)(const sc_tool_box *b, const json_t *args, sc_buf *out);
    } calls[] = {{"list", tool_list}, {"read", tool_read}, {"search", tool_search},
                 {"edit", tool_edit}, {"run", tool_run},   {"done", tool_done}};
    if (!args) return fail_with(out, "the arguments are no JSON object");
    for (size_t i = 0; i < SC_LEN(calls); i++)
        if (!strcmp(name, calls[i].name)) return calls[i].run(b, args, out);
    return fail_with(out, "there is no such tool");
}
