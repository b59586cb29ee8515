/* A plan as bubblewrap's arguments, as text, as JSON. See plan.h. */
#include <stdio.h>

#include "runners/local/plan.h"

/* ---- Arguments --------------------------------------------------------------------------------------------------- */

static void word(sc_buf *out, const char *w) { sc_buf_put(out, w, strlen(w) + 1); }

static void number(sc_buf *out, int64_t n) {
    sc_buf_put_int(out, n);
    sc_buf_putc(out, 0);
}

static void words(sc_buf *out, const char *option, const char *a, const char *b) {
    word(out, option);
    if (a) word(out, a);
    if (b) word(out, b);
}

static void counted(sc_buf *out, const char *option, int64_t n, const char *then) {
    word(out, option);
    number(out, n);
    if (then) word(out, then);
}

static void step_args(const sc_plan_step *s, sc_buf *out) {
    static const char *const namespaces[] = {"--unshare-user", "--unshare-pid",
                                             "--unshare-net",  "--unshare-ipc",
                                             "--unshare-uts",  "--unshare-cgroup-try"};
    char mode[8];
    switch (s->kind) {
    case SC_PLAN_NAMESPACES:
        for (size_t i = 0; i < SC_LEN(namespaces); i++) word(out, namespaces[i]);
        break;
    case SC_PLAN_USER:
        counted(out, "--uid", s->n, NULL);
        counted(out, "--gid", s->n, NULL);
        break;
    case SC_PLAN_HOST: words(out, "--hostname", s->a, NULL); break;
    case SC_PLAN_CAPS: words(out, "--cap-drop", "ALL", NULL); break;
    case SC_PLAN_SESSION: words(out, "--new-session", "--die-with-parent", "--clearenv"); break;
    case SC_PLAN_RO: words(out, "--ro-bind", s->a, s->b); break;
    case SC_PLAN_RO_TRY: words(out, "--ro-bind-try", s->a, s->b); break;
    case SC_PLAN_LINK: words(out, "--symlink", s->a, s->b); break;
    case SC_PLAN_DIR: words(out, "--dir", s->b, NULL); break;
    case SC_PLAN_PROC: words(out, "--proc", s->b, NULL); break;
    case SC_PLAN_DEV: words(out, "--dev", s->b, NULL); break;
    case SC_PLAN_TMPFS:
        counted(out, "--size", s->n, "--tmpfs");
        word(out, s->b);
        break;
    case SC_PLAN_WORK: counted(out, "--bind-fd", s->fd, s->b); break;
    case SC_PLAN_DATA:
        snprintf(mode, sizeof mode, "%04o", (unsigned)s->mode & 07777U);
        words(out, "--perms", mode, NULL);
        counted(out, "--file", s->fd, s->b);
        break;
    case SC_PLAN_SOCKET: words(out, "--ro-bind", s->a, s->b); break;
    case SC_PLAN_SEAL: words(out, "--remount-ro", s->b, NULL); break;
    case SC_PLAN_ENV: words(out, "--setenv", s->a, s->b); break;
    case SC_PLAN_FILTER: counted(out, "--seccomp", s->fd, NULL); break;
    case SC_PLAN_CHDIR: words(out, "--chdir", s->b, NULL); break;
    case SC_PLAN_LIMIT: /* kept by launch.c */
    case SC_PLAN_RUN:   /* on the command line */
    case SC_PLAN_KINDS: break;
    }
}

bool sc_plan_args(const sc_plan *p, sc_buf *out) {
    counted(out, "--json-status-fd", SC_PLAN_FD_STATUS, NULL);
    counted(out, "--block-fd", SC_PLAN_FD_BLOCK, NULL);
    for (size_t i = 0; i < p->n; i++) step_args(&p->steps[i], out);
    return !out->failed;
}

sc_rc sc_plan_command(const sc_plan *p, sc_arena *arena, const char *const **ret, sc_err *err) {
    size_t n = 0;
    const char **v = sc_arena_take_array(arena, p->n + 1, sizeof *v);
    if (!v) return sc_fail(err, SC_NOMEM, "no memory for the command");
    for (size_t i = 0; i < p->n; i++)
        if (p->steps[i].kind == SC_PLAN_RUN) v[n++] = p->steps[i].a;
    *ret = v;
    return SC_OK;
}

/* ---- For people and programs --------------------------------------------------------------------------------------- */

static const char *const kind_words[] = {
#define X(name, word) word,
    SC_PLAN_TABLE(X)
#undef X
};

/* As it is, or as JSON where a terminal would act on it. */
static void show(sc_buf *out, const char *before, const char *text) {
    bool odd = !*text;
    for (const char *c = text; *c; c++) odd = odd || (unsigned char)*c < 0x20 || *c == 0x7f;
    sc_buf_puts(out, before);
    if (odd)
        sc_buf_put_json(out, sc_str_of(text));
    else
        sc_buf_puts(out, text);
}

static void step_text(const sc_plan_step *s, sc_buf *out) {
    const char *first = s->kind == SC_PLAN_LINK ? s->b : s->a,
               *then = s->kind == SC_PLAN_LINK ? s->a : s->b;
    const char *between = s->kind == SC_PLAN_LINK  ? " -> "
                          : s->kind == SC_PLAN_ENV ? " = "
                                                   : " as ";
    sc_buf_putf(out, "%-15s", kind_words[s->kind]);
    if (first) show(out, " ", first);
    if (then && (!first || strcmp(first, then) != 0)) show(out, first ? between : " ", then);
    if (s->kind == SC_PLAN_WORK) sc_buf_puts(out, " (can be written)");
    if (s->kind == SC_PLAN_DATA)
        sc_buf_putf(out, " (%lld bytes, %04o)", (long long)s->n, (unsigned)s->mode);
    if (s->kind == SC_PLAN_TMPFS) sc_buf_putf(out, " (%lld bytes)", (long long)s->n);
    if (s->kind == SC_PLAN_LIMIT || s->kind == SC_PLAN_USER)
        sc_buf_putf(out, " %lld", (long long)s->n);
    sc_buf_putc(out, '\n');
}

bool sc_plan_text(const sc_plan *p, sc_buf *out) {
    for (size_t i = 0; i < p->n; i++) step_text(&p->steps[i], out);
    return !out->failed;
}

static void member(sc_buf *out, const char *name, const char *value) {
    if (!value) return;
    sc_buf_putf(out, ",\"%s\":", name);
    sc_buf_put_json(out, sc_str_of(value));
}

bool sc_plan_json(const sc_plan *p, sc_buf *out) {
    sc_buf_puts(out, "{\"steps\":[");
    for (size_t i = 0; i < p->n; i++) {
        const sc_plan_step *s = &p->steps[i];
        sc_buf_puts(out, i ? ",{\"step\":" : "{\"step\":");
        sc_buf_put_json(out, sc_str_of(kind_words[s->kind]));
        member(out, s->kind == SC_PLAN_ENV ? "name" : "from", s->a);
        member(out, s->kind == SC_PLAN_ENV ? "value" : "inside", s->b);
        if (s->n) sc_buf_putf(out, ",\"amount\":%lld", (long long)s->n);
        sc_buf_putc(out, '}');
    }
    return sc_buf_puts(out, "]}") && !out->failed;
}
