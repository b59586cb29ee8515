#include "git/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/id.h"
#include "git/words.h"
#include "proc/proc.h"

enum {
    CONFIG_FD = 9,
    HOLD_FD = 8,
    MAX_CONFIG = 16 << 10,
    MAX_STDERR = 8 << 10,
    MAX_ENV = 40,
    MAX_DROPPED = 64 << 20,
    GRACE_MS = 2000,
};

/* What git reads as the user's own configuration. Our repositories hold no setting that contradicts it, and no other
 * configuration is read. fsck: what old repositories are full of and harms nobody is let through. */
static const char settings[] =
    "[core]\n hooksPath = /dev/null\n fsmonitor = false\n attributesFile = /dev/null\n"
    " excludesFile = /dev/null\n symlinks = true\n fileMode = true\n protectHFS = true\n"
    " protectNTFS = true\n autocrlf = false\n eol = lf\n sshCommand = false\n gitProxy = none\n"
    " askPass =\n untrackedCache = false\n sparseCheckout = false\n commitGraph = false\n"
    "[protocol]\n allow = never\n"
    "[transfer]\n fsckObjects = true\n bundleURI = false\n credentialsInUrl = die\n"
    "[fetch]\n recurseSubmodules = false\n writeCommitGraph = false\n"
    "[fetch \"fsck\"]\n zeroPaddedFilemode = warn\n badTimezone = warn\n"
    " missingSpaceBeforeDate = warn\n missingSpaceBeforeEmail = warn\n missingNameBeforeEmail = "
    "warn\n"
    " zeroPaddedDate = warn\n"
    "[push]\n recurseSubmodules = no\n followTags = false\n gpgSign = false\n"
    "[submodule]\n recurse = false\n"
    "[commit]\n gpgSign = false\n"
    "[gc]\n auto = 0\n"
    "[maintenance]\n auto = false\n"
    "[receive]\n autogc = false\n"
    "[init]\n defaultBranch = main\n templateDir =\n"
    "[credential]\n helper =\n"
    "[user]\n useConfigOnly = true\n"
    "[http]\n followRedirects = false\n lowSpeedLimit = 1000\n lowSpeedTime = 60\n sslVerify = "
    "true\n";

static const char *const fixed_env[] = {
    "GIT_CONFIG_NOSYSTEM=1",
    "GIT_CONFIG_GLOBAL=/proc/self/fd/9", /* CONFIG_FD */
    "GIT_ATTR_NOSYSTEM=1",
    "GIT_TERMINAL_PROMPT=0",
    "GIT_ASKPASS=",
    "GIT_OPTIONAL_LOCKS=0",
    "GIT_NO_REPLACE_OBJECTS=1",
    "GIT_PROTOCOL_FROM_USER=0",
    "LC_ALL=C",
    "TZ=UTC",
};

/* The way out, and whom to trust on it: as this process was told, in the words that git knows. The first that is set is
 * taken. */
static const struct {
    const char *name;
    const char *from[2];
} inherited[] = {
    {"https_proxy", {"https_proxy", "HTTPS_PROXY"}},
    {"no_proxy", {"no_proxy", "NO_PROXY"}},
    {"GIT_SSL_CAINFO", {"GIT_SSL_CAINFO", "SSL_CERT_FILE"}},
    {"GIT_SSL_CAPATH", {"GIT_SSL_CAPATH", "SSL_CERT_DIR"}},
};

/* ---- The configuration in memory --------------------------------------------------------------------------- */

static void put_base64(sc_buf *b, sc_str user, sc_str token) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = user.n + 1 + token.n;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t three = 0;
        for (size_t k = i; k < i + 3; k++) {
            unsigned char c = 0;
            if (k < user.n)
                c = (unsigned char)user.p[k];
            else if (k == user.n)
                c = ':';
            else if (k < n)
                c = (unsigned char)token.p[k - user.n - 1];
            three = three << 8 | c;
        }
        for (size_t k = 0; k < 4; k++)
            sc_buf_putc(b, i + k > n ? '=' : digits[three >> (18 - 6 * k) & 63]);
    }
}

/* Sent at once and to this URL only; redirects are not followed. */
static void put_remote(sc_buf *b, const sc_git_remote *r) {
    sc_str rest = r->url, scheme;
    sc_str_next(&rest, ':', &scheme);
    sc_buf_putf(b, "[protocol \"%.*s\"]\n allow = always\n", SC_FMT(scheme));
    if (!r->token.n) return;
    sc_buf_putf(b, "[http \"%.*s\"]\n extraHeader = \"Authorization: Basic ", SC_FMT(r->url));
    put_base64(b, r->user, r->token);
    sc_buf_puts(b, "\"\n");
}

static sc_rc write_all(int fd, sc_str s) {
    while (s.n) {
        ssize_t n = write(fd, s.p, s.n);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return SC_IO;
        s.p += n;
        s.n -= (size_t)n;
    }
    return SC_OK;
}

static void wipe(sc_buf *b) {
    if (b->p) explicit_bzero(b->p, b->cap);
    sc_buf_done(b);
}

static sc_rc make_config(const sc_git_remote *remote, int *ret_fd, sc_err *err) {
    SC_AUTO(wipe) sc_buf b;
    sc_buf_init(&b, MAX_CONFIG);
    /* all of it at once: a buffer that grows would leave the token in the memory that it left */
    sc_buf_reserve(&b, MAX_CONFIG - 1);
    sc_buf_puts(&b, settings);
    if (remote) put_remote(&b, remote);
    sc_rc rc = sc_buf_check(&b, "git's configuration", err);
    if (rc) return rc;
    int fd = memfd_create("git-config", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || write_all(fd, sc_buf_str(&b)) ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)) {
        rc = sc_fail_sys(err, SC_IO, errno, "a file in memory for git");
        if (fd >= 0) close(fd);
        return rc;
    }
    *ret_fd = fd;
    return SC_OK;
}

/* ---- argv and environment ------------------------------------------------------------------------------------ */

typedef struct words {
    const char *v[MAX_ENV + SC_GIT_MAX_ARGS];
    size_t n;
    sc_arena arena;
    bool failed;
} words;

static void word(words *w, const char *text) {
    w->failed |= !text || w->n + 1 >= SC_LEN(w->v);
    if (!w->failed) w->v[w->n++] = text;
}

static void words_done(words *w) { sc_arena_done(&w->arena); }

static void pair(words *w, const char *name, const char *value) {
    word(w, sc_arena_printf(&w->arena, "%s=%s", name, value));
}

static void put_person(words *w, const sc_git_person *p, int64_t at_ms) {
    static const char *const roles[] = {"AUTHOR", "COMMITTER"};
    for (size_t i = 0; i < SC_LEN(roles); i++) {
        word(w, sc_arena_printf(&w->arena, "GIT_%s_NAME=%.*s", roles[i], SC_FMT(p->name)));
        word(w, sc_arena_printf(&w->arena, "GIT_%s_EMAIL=%.*s", roles[i], SC_FMT(p->email)));
        word(w, sc_arena_printf(&w->arena, "GIT_%s_DATE=@%lld +0000", roles[i],
                                (long long)(at_ms / 1000)));
    }
}

static void put_env(words *w, const sc_git *g, const sc_git_run *r) {
    for (size_t i = 0; i < SC_LEN(fixed_env); i++) word(w, fixed_env[i]);
    pair(w, "HOME", g->home);
    pair(w, "XDG_CONFIG_HOME", g->home);
    pair(w, "PATH", "/usr/local/bin:/usr/bin:/bin");
    /* Without a repository it must not look for one above the folder where it is started. */
    if (!r->dir) pair(w, "GIT_DIR", "/dev/null");
    if (r->index) pair(w, "GIT_INDEX_FILE", r->index);
    if (r->by) put_person(w, r->by, r->at_ms);
    for (size_t i = 0; i < SC_LEN(inherited) && r->remote; i++) {
        const char *v = getenv(inherited[i].from[0]);
        if (!v) v = getenv(inherited[i].from[1]);
        if (v) pair(w, inherited[i].name, v);
    }
    w->v[w->n] = NULL;
}

static void put_argv(words *w, const sc_git *g, const sc_git_run *r) {
    word(w, g->program);
    word(w, "--no-pager");
    if (r->dir) word(w, sc_arena_printf(&w->arena, "--git-dir=%s", r->dir));
    if (r->work_dir) word(w, sc_arena_printf(&w->arena, "--work-tree=%s", r->work_dir));
    for (const char *const *a = r->args; *a; a++) word(w, *a);
    w->v[w->n] = NULL;
}

/* What a repository can make of git: memory (a small pack may unfold without end) and the size of a pack. */
static const sc_proc_limit limits[] = {
    {.which = RLIMIT_AS, .most = (uint64_t)8 << 30},
    {.which = RLIMIT_FSIZE, .most = (uint64_t)4 << 30},
};

/* ---- Running ------------------------------------------------------------------------------------------------- */

typedef struct catch {
    sc_buf *out;
    sc_buf err;
}
catch;

static void on_output(void *self, sc_proc_stream stream, sc_str bytes) {
    catch *c = self;
    if (stream == SC_PROC_OUT && c->out) sc_buf_put_str(c->out, bytes);
    if (stream == SC_PROC_ERR) /* the beginning says most */
        sc_buf_put(&c->err, bytes.p, SC_MIN(bytes.n, c->err.max - 1 - c->err.n));
}

static sc_rc explain(const sc_git_run *r, const sc_proc_end *end, const catch *c, sc_err *err) {
    if (c->out && c->out->failed) return sc_buf_check(c->out, "what git printed", err);
    if (end->ended_for && !strcmp(end->ended_for, SC_PROC_TIMEOUT))
        return sc_fail(err, SC_TIMEOUT, "git %s took too long", r->what);
    if (end->ended_for && !strcmp(end->ended_for, SC_PROC_STOPPED))
        return sc_fail(err, SC_CANCELLED, "git %s was given up", r->what);
    if (end->ended_for) return sc_fail(err, SC_TOO_LARGE, "git %s prints too much", r->what);
    if (end->signal == SIGXFSZ)
        return sc_fail(err, SC_TOO_LARGE, "git %s: the repository is too large", r->what);
    if (end->signal) return sc_fail(err, SC_IO, "git %s ended by signal %d", r->what, end->signal);
    return sc_git_explain(r, sc_buf_str(&c->err), end->exit, err);
}

static sc_rc run(const sc_git *g, const sc_git_run *r, int config, catch *c, sc_proc_end *ret_end,
                 sc_err *err) {
    SC_AUTO(words_done) words argv = {.failed = false}, SC_AUTO(words_done) env = {.failed = false};
    sc_arena_init(&argv.arena, 64 << 10);
    sc_arena_init(&env.arena, 64 << 10);
    put_argv(&argv, g, r);
    put_env(&env, g, r);
    if (argv.failed || env.failed) return sc_fail(err, SC_NOMEM, "no room for git's arguments");
    const sc_proc_fd fds[] = {{.from = config, .to = CONFIG_FD}, {.from = r->hold, .to = HOLD_FD}};
    sc_proc_spec spec = {.argv = argv.v,
                         .env = env.v,
                         .cwd = g->home,
                         .input = r->input,
                         .fds = fds,
                         .n_fds = r->hold ? 2 : 1,
                         .limits = limits,
                         .n_limits = SC_LEN(limits),
                         .output = on_output,
                         .self = c,
                         .timeout_ms = g->timeout_ms,
                         .grace_ms = GRACE_MS,
                         .stop = g->stop,
                         .max_output_bytes =
                             (int64_t)(r->out ? r->out->max : MAX_DROPPED) + MAX_STDERR};
    sc_rc rc = sc_proc_run(&spec, ret_end, err);
    return rc ? sc_wrap(err, "start git") : SC_OK;
}

sc_rc sc_git_exec(const sc_git *g, const sc_git_run *r, int *ret_exit, sc_err *err) {
    SC_AUTO(sc_auto_close) int config = -1;
    sc_rc rc = r->remote ? sc_git_url_check(r->remote, err) : SC_OK;
    if (!rc) rc = make_config(r->remote, &config, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf said;
    sc_buf_init(&said, MAX_STDERR);
    catch c = {.out = r->out, .err = said};
    sc_proc_end end = {0};
    rc = run(g, r, config, &c, &end, err);
    said = c.err;
    if (rc) return rc;
    bool good = !end.ended_for && !end.signal && (!end.exit || end.exit == r->also_ok);
    if (!good || (r->out && r->out->failed)) return explain(r, &end, &c, err);
    if (ret_exit) *ret_exit = end.exit;
    return SC_OK;
}

sc_rc sc_git_id_printed(const sc_buf *out, sc_git_id *ret, sc_err *err) {
    sc_git_id id = sc_git_id_of(sc_str_trim(sc_buf_str(out)));
    if (!sc_git_id_is_set(&id)) return sc_fail(err, SC_UPSTREAM, "git printed no id");
    *ret = id;
    return SC_OK;
}

sc_rc sc_git_temp_name(const char *dir, const char *kind, char ret[SC_GIT_MAX_PATH], sc_err *err) {
    unsigned char bits[12];
    char hex[2 * sizeof bits + 1];
    sc_random(bits, sizeof bits);
    sc_hex_encode(bits, sizeof bits, hex);
    int n = snprintf(ret, SC_GIT_MAX_PATH, "%s/soulcaster-%s-%s", dir, kind, hex);
    return n > 0 && n < SC_GIT_MAX_PATH ? SC_OK : sc_fail(err, SC_INVALID, "the path is too long");
}
