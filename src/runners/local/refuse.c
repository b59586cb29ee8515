#include "runners/local/refuse.h"

/* ---- What of the machine may be shown --------------------------------------------------------------------------- */

/* Not to be shown, neither from inside them nor by showing what holds them. */
static const char *const secret_places[] = {"/proc", "/sys",  "/dev",     "/run",
                                            "/etc",  "/boot", "/var/run", "/var/spool"};
/* Nor what holds one of these; what lies in them may be asked for. */
static const char *const large_places[] = {"/usr", "/var",     "/home",          "/root",
                                           "/tmp", "/var/lib", "/opt/soulcaster"};
/* Keys and logins of people. */
static const char *const secret_names[] = {
    ".ssh",   ".aws",       ".gnupg",       ".kube",    ".docker", ".netrc",  ".git-credentials",
    ".npmrc", ".pypirc",    ".config",      ".mozilla", ".azure",  ".gcloud", ".password-store",
    ".env",   ".gitconfig", ".claude",      ".codex",   ".gemini", ".aider",  ".bash_history",
    ".git",   ".boto",      ".terraform.d", ".m2",      ".gradle", ".cargo",  ".vault-token",
};

static bool overlaps(const char *a, const char *b) {
    return sc_path_within(a, b) || sc_path_within(b, a);
}

static bool has_secret_name(const char *path) {
    sc_str rest = sc_str_of(path), part;
    while (sc_str_next(&rest, '/', &part))
        for (size_t i = 0; i < SC_LEN(secret_names); i++)
            if (sc_str_is(part, secret_names[i])) return true;
    return false;
}

/* NULL: `host` may be shown read-only; else what it would lay open. */
static const char *lays_open(const char *host, const sc_runner_spec *s, const sc_local_facts *f) {
    for (size_t i = 0; i < SC_LEN(secret_places); i++)
        if (overlaps(host, secret_places[i])) return secret_places[i];
    for (size_t i = 0; i < SC_LEN(large_places); i++)
        if (sc_path_within(large_places[i], host)) return large_places[i];
    if (f->home && sc_path_within(f->home, host)) return f->home;
    for (size_t i = 0; s->hidden && s->hidden[i]; i++)
        if (overlaps(host, s->hidden[i])) return s->hidden[i];
    if (overlaps(host, s->work_dir)) return s->work_dir;
    if (overlaps(host, s->state_dir)) return s->state_dir;
    return has_secret_name(host) ? "someone's keys or logins" : NULL;
}

/* ---- Where it may be seen ---------------------------------------------------------------------------------------- */

static const char *const open_roots[] = {"/opt", "/srv", "/mnt", "/nix"};
static const char *const protected_places[] = {
    "/usr", "/etc", "/bin", "/sbin", "/lib", "/lib32", "/lib64",       "/libx32",     "/proc",
    "/sys", "/dev", "/tmp", "/var",  "/run", "/boot",  SC_RUNNER_WORK, SC_RUNNER_HOME};

/* Under one of the open roots; or, for what lies in our user's home, where it is (programs there know their own path). */
static bool may_be_at(const char *inside, const char *host, const sc_local_facts *f) {
    for (size_t i = 0; i < SC_LEN(open_roots); i++)
        if (sc_path_within(inside, open_roots[i])) return true;
    if (strcmp(inside, host) != 0 || !f->home || !sc_path_within(host, f->home)) return false;
    for (size_t i = 0; i < SC_LEN(protected_places); i++)
        if (overlaps(inside, protected_places[i])) return false;
    return true;
}

static bool strictly_in(const char *path, const char *dir) {
    return sc_path_within(path, dir) && strcmp(path, dir) != 0;
}

static const char *target_of(const sc_runner_spec *s, size_t i) {
    if (i < s->n_binds) return s->binds[i].inside;
    i -= s->n_binds;
    if (i < s->n_files) return s->files[i].inside;
    return s->sockets[i - s->n_files].inside;
}

/* ---- One part of the spec after the other -------------------------------------------------------------------------- */

static sc_rc refuse_binds(const sc_runner_spec *s, const sc_local_facts *f, sc_err *err) {
    for (size_t i = 0; i < s->n_binds; i++) {
        const sc_runner_bind *b = &s->binds[i];
        if (!sc_path_plain(b->host) || !sc_path_plain(b->inside))
            return sc_fail(err, SC_INVALID, "bind %zu: both paths must be absolute and plain",
                           i + 1);
        const char *what = lays_open(b->host, s, f);
        if (what)
            return sc_fail(err, SC_INVALID, "bind %zu: %.80s would lay open %.80s", i + 1, b->host,
                           what);
        if (!may_be_at(b->inside, b->host, f))
            return sc_fail(
                err, SC_INVALID,
                "bind %zu: nothing may be put at %.120s (/opt, /srv, /mnt, /nix may be used)",
                i + 1, b->inside);
    }
    return SC_OK;
}

static sc_rc refuse_files(const sc_runner_spec *s, sc_err *err) {
    if (s->n_files > SC_PLAN_MAX_FILES)
        return sc_fail(err, SC_INVALID, "more than %d files", SC_PLAN_MAX_FILES);
    for (size_t i = 0; i < s->n_files; i++) {
        const char *at = s->files[i].inside;
        if (!sc_path_plain(at) ||
            !(strictly_in(at, SC_RUNNER_HOME) || strictly_in(at, SC_RUNNER_OURS)))
            return sc_fail(err, SC_INVALID, "file %zu must be in %s or %s", i + 1, SC_RUNNER_HOME,
                           SC_RUNNER_OURS);
    }
    return SC_OK;
}

static sc_rc refuse_sockets(const sc_runner_spec *s, sc_err *err) {
    bool known = s->forward.port == 0;
    if (s->forward.port && (s->forward.port < 1024 || s->forward.port > 65535))
        return sc_fail(err, SC_INVALID, "the forwarded port must be 1024 to 65535");
    for (size_t i = 0; i < s->n_sockets; i++) {
        const sc_runner_socket *k = &s->sockets[i];
        if (!sc_path_plain(k->host) || !sc_path_plain(k->inside) ||
            !strictly_in(k->inside, SC_RUNNER_OURS))
            return sc_fail(err, SC_INVALID, "socket %zu must be in %s", i + 1, SC_RUNNER_OURS);
        if (sc_path_within(k->host, s->work_dir))
            return sc_fail(err, SC_INVALID, "socket %zu lies in the work tree", i + 1);
        known = known || (s->forward.inside && !strcmp(s->forward.inside, k->inside));
    }
    return known ? SC_OK : sc_fail(err, SC_INVALID, "the port is forwarded to none of the sockets");
}

static sc_rc refuse_targets(const sc_runner_spec *s, sc_err *err) {
    size_t n = s->n_binds + s->n_files + s->n_sockets;
    for (size_t i = 0; i < n; i++) {
        const char *at = target_of(s, i);
        if (overlaps(at, SC_RUNNER_OURS "/bin"))
            return sc_fail(err, SC_INVALID, "%.120s is taken", at);
        for (size_t k = 0; k < i; k++)
            if (overlaps(at, target_of(s, k)))
                return sc_fail(err, SC_INVALID, "%.90s and %.90s lie over each other", at,
                               target_of(s, k));
    }
    return SC_OK;
}

static sc_rc refuse_folders(const sc_runner_spec *s, const sc_local_facts *f, sc_err *err) {
    if (!sc_path_plain(s->work_dir) || !sc_path_plain(s->state_dir) ||
        (s->remove_dir && !sc_path_plain(s->remove_dir)))
        return sc_fail(err, SC_INVALID,
                       "the work tree's and the state's folders must be absolute and plain");
    for (size_t i = 0; s->hidden && s->hidden[i]; i++)
        if (!sc_path_plain(s->hidden[i]))
            return sc_fail(err, SC_INVALID, "hidden folder %zu is no plain path", i + 1);
    /* What removal or writing must never reach, whoever asks. */
    static const char *const system[] = {"/usr",   "/etc",    "/bin",  "/sbin", "/lib", "/lib32",
                                         "/lib64", "/libx32", "/proc", "/sys",  "/dev", "/boot"};
    const char *const ours[] = {s->work_dir, s->remove_dir ? s->remove_dir : s->work_dir};
    for (size_t k = 0; k < SC_LEN(ours); k++) {
        for (size_t i = 0; i < SC_LEN(system); i++)
            if (overlaps(ours[k], system[i]))
                return sc_fail(err, SC_INVALID, "%.120s belongs to the system", ours[k]);
        for (size_t i = 0; i < SC_LEN(large_places); i++)
            if (sc_path_within(large_places[i], ours[k]))
                return sc_fail(err, SC_INVALID, "%.120s is more than a work tree", ours[k]);
        if (sc_path_within("/run", ours[k]))
            return sc_fail(err, SC_INVALID, "%.120s is more than a work tree", ours[k]);
        if (f->home && sc_path_within(f->home, ours[k]))
            return sc_fail(err, SC_INVALID, "%.120s holds the home folder", ours[k]);
        for (size_t i = 0; s->hidden && s->hidden[i]; i++)
            if (sc_path_within(s->hidden[i], ours[k]))
                return sc_fail(err, SC_INVALID, "%.80s holds %.80s", ours[k], s->hidden[i]);
        if (sc_path_within(s->state_dir, ours[k]))
            return sc_fail(err, SC_INVALID, "the state's folder lies in %.120s", ours[k]);
    }
    if (s->remove_dir && !sc_path_within(s->work_dir, s->remove_dir))
        return sc_fail(err, SC_INVALID, "the folder to remove does not hold the work tree");
    return SC_OK;
}

static bool is_env_name(const char *at, size_t n) {
    if (!n || n > 200 || (at[0] >= '0' && at[0] <= '9')) return false;
    for (size_t i = 0; i < n; i++)
        if (!((at[i] >= 'A' && at[i] <= 'Z') || (at[i] >= 'a' && at[i] <= 'z') ||
              (at[i] >= '0' && at[i] <= '9') || at[i] == '_'))
            return false;
    return true;
}

static sc_rc refuse_program(const sc_runner_spec *s, sc_err *err) {
    size_t bytes = 0;
    if (!s->argv || !s->argv[0] || !*s->argv[0])
        return sc_fail(err, SC_INVALID, "no program to run");
    for (size_t i = 0; s->argv[i]; i++) bytes += strlen(s->argv[i]) + 1;
    for (size_t i = 0; s->env && s->env[i]; i++) {
        const char *is = strchr(s->env[i], '=');
        if (!is || !is_env_name(s->env[i], (size_t)(is - s->env[i])))
            return sc_fail(err, SC_INVALID, "variable %zu has no proper name", i + 1);
        bytes += strlen(s->env[i]) + 1;
    }
    return bytes > 512 << 10
               ? sc_fail(err, SC_TOO_LARGE, "arguments and environment are over 512 KiB")
               : SC_OK;
}

static sc_rc refuse_id(const char *id, sc_err *err) {
    size_t n = id ? strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") : 0;
    return n && n <= 64 && !id[n]
               ? SC_OK
               : sc_fail(err, SC_INVALID, "the id must be 1 to 64 of a-z, 0-9 and -");
}

sc_rc sc_local_refuse(const sc_runner_spec *s, const sc_local_facts *f, sc_err *err) {
    sc_rc rc = refuse_id(s->id, err);
    if (!rc) rc = refuse_folders(s, f, err);
    if (!rc) rc = refuse_binds(s, f, err);
    if (!rc) rc = refuse_files(s, err);
    if (!rc) rc = refuse_sockets(s, err);
    if (!rc) rc = refuse_targets(s, err);
    if (!rc) rc = refuse_program(s, err);
    return rc;
}

/* ---- Limits -------------------------------------------------------------------------------------------------------- */

sc_rc sc_local_limits(const sc_runner_limits *wanted, sc_runner_limits *ret, sc_err *err) {
    *ret = *wanted;
    const struct {
        const char *name;
        int64_t *at, fallback, min, max;
    } rows[] = {
        {"wall_ms", &ret->wall_ms, 30 * 60000, 1, INT64_C(86400000)},
        {"cpu_s", &ret->cpu_s, 3600, 1, 864000},
        {"memory_bytes", &ret->memory_bytes, INT64_C(4) << 30, 32 << 20, INT64_C(1) << 44},
        {"pids", &ret->pids, 512, 8, 100000},
        {"disk_bytes", &ret->disk_bytes, INT64_C(2) << 30, 1 << 20, INT64_C(1) << 44},
        {"output_bytes", &ret->output_bytes, 64 << 20, 1, INT64_C(1) << 40},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        if (!*rows[i].at) *rows[i].at = rows[i].fallback;
        if (*rows[i].at < rows[i].min || *rows[i].at > rows[i].max)
            return sc_fail(err, SC_INVALID, "limit %s: %lld to %lld", rows[i].name,
                           (long long)rows[i].min, (long long)rows[i].max);
    }
    return SC_OK;
}
