/* soulcaster backup, restore, export: what is stored, out and in again. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/transfer.h"
#include "cmd/cmd.h"

enum { PATH_BYTES = 4096, FILE_BYTES = PATH_BYTES + 64 }; /* a folder; a file in one */

static bool tell(void *self, int64_t done, int64_t total) {
    sc_progress_tell(self, done, total);
    return true;
}

static bool is_there(const char *path) { return access(path, F_OK) == 0; }

/* The bytes of a file and its name are on disk. */
static sc_rc sync_path(const char *path, sc_err *err) {
    SC_AUTO(sc_auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd)) return sc_fail_sys(err, SC_IO, errno, "%s", path);
    return SC_OK;
}

static bool nothing_stored(sc_call *c) {
    if (sc_stack_is_stored(c)) return false;
    sc_cmd_fail(c, SC_EXIT_FAILED, "nothing is stored in %s: name the data folder with --data",
                c->common.data);
    return true;
}

/* ---- backup -------------------------------------------------------------------------------------- */

typedef struct force_conf {
    bool force;
} force_conf;

static int backup(sc_call *c) {
    const force_conf *o = c->conf;
    sc_err err = {0};
    sc_stack *s = NULL;
    char part[PATH_BYTES];
    if (sc_cmd_words_wrong(c, 1, 1)) return SC_EXIT_USAGE;
    const char *file = c->words[0];
    if (is_there(file) && !o->force)
        return sc_cmd_fail(c, SC_EXIT_FAILED, "%s is there already; --force replaces it", file);
    if (nothing_stored(c)) return SC_EXIT_FAILED;
    if (sc_stack_is_elsewhere(c))
        return sc_cmd_fail(
            c, SC_EXIT_FAILED,
            "the store is not in the data folder: back it up where it is (for Redis its AOF or "
            "RDB files), or use export");
    snprintf(part, sizeof part, "%s.part", file);
    sc_log_from(c, "warn");
    if (sc_stack_open(c, SC_STACK_STORE, NULL, &s, &err)) return sc_cmd_fail_err(c, &err);
    sc_progress p;
    sc_progress_start(&p, "backup");
    const sc_store *store = sc_stack_store(s);
    unlink(part);
    sc_rc rc = store->ops->backup(store->self, part, tell, &p, &err);
    sc_progress_end(&p);
    sc_stack_close(s);
    if (rc == SC_OK) rc = sync_path(part, &err);
    struct stat st = {0};
    if (rc == SC_OK && (stat(part, &st) || rename(part, file)))
        rc = sc_fail_sys(&err, SC_IO, errno, "%s", file);
    if (rc) {
        unlink(part);
        return sc_cmd_fail_err(c, &err);
    }
    if (c->common.json) {
        SC_AUTO(sc_json_auto)
        json_t *v = json_pack("{s:s, s:I}", "file", file, "bytes", (json_int_t)st.st_size);
        sc_print_json(c, v);
    } else {
        printf("%s: %.1f MiB\n", file, (double)st.st_size / 1048576);
    }
    return SC_EXIT_OK;
}

/* ---- restore ------------------------------------------------------------------------------------- */

static sc_rc copy_file(const char *from, const char *to, sc_err *err) {
    SC_AUTO(sc_auto_close) int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0) return sc_fail_sys(err, SC_IO, errno, "%s", from);
    SC_AUTO(sc_auto_close) int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0) return sc_fail_sys(err, SC_IO, errno, "%s", to);
    char block[64 << 10];
    for (bool empty = true;; empty = false) {
        ssize_t n = read(in, block, sizeof block);
        if (n == 0 && empty) /* SQLite takes it for a new database */
            return sc_fail(err, SC_IO, "%s is empty: this is no backup of ours", from);
        if (n == 0) break;
        if (n < 0 && errno == EINTR) continue;
        for (ssize_t at = 0, m; n > 0 && at < n; at += m)
            if ((m = write(out, block + at, (size_t)(n - at))) < 0)
                return sc_fail_sys(err, SC_IO, errno, "%s", to);
        if (n < 0) return sc_fail_sys(err, SC_IO, errno, "%s", from);
    }
    if (fsync(out)) return sc_fail_sys(err, SC_IO, errno, "%s", to);
    return SC_OK;
}

static bool is_database(const char *file) {
    static const char magic[] = "SQLite format 3"; /* with its NUL: 16 bytes */
    char head[sizeof magic];
    SC_AUTO(sc_auto_close) int fd = open(file, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && read(fd, head, sizeof head) == sizeof head &&
           !memcmp(head, magic, sizeof head);
}

/* What the store says is about the folder that it was given, ours; people gave a file. */
static sc_rc no_backup(const char *file, const char *copy, sc_err *err) {
    sc_str said = sc_str_of(err->msg);
    if (err->rc != SC_STORE) return err->rc;
    if (!is_database(copy) || sc_str_find(said, SC_STR("database of another program")) != SIZE_MAX)
        return sc_fail(err, SC_STORE,
                       "%.120s is no backup of ours, nothing was changed: give a file that "
                       "`soulcaster backup` wrote",
                       file);
    if (sc_str_find(said, SC_STR("newer version")) != SIZE_MAX)
        return sc_fail(err, SC_STORE,
                       "%.120s was made by a newer version, nothing was changed: upgrade "
                       "soulcaster, or restore an older backup",
                       file);
    return sc_fail(err, SC_STORE, "%.120s is damaged, nothing was changed: restore another backup",
                   file);
}

/* Opens (and so migrates) and checks the copy in its own folder. */
static sc_rc verify_copy(sc_call *c, const char *file, const char *dir, const char *copy,
                         sc_err *err) {
    sc_store store = {NULL, NULL};
    if (sc_stack_open_store_at(c, dir, &store, err)) return no_backup(file, copy, err);
    sc_progress p;
    sc_progress_start(&p, "verify");
    sc_rc rc = store.ops->verify(store.self, tell, &p, err);
    sc_progress_end(&p);
    sc_stack_close_store(&store);
    return rc ? no_backup(file, copy, err) : SC_OK;
}

static void remove_files(const char *dir, bool db_too) {
    static const char *const tails[] = {"-wal", "-shm", "-journal", ""};
    char path[FILE_BYTES];
    for (size_t i = 0; i < SC_LEN(tails) - (db_too ? 0 : 1); i++) {
        snprintf(path, sizeof path, "%s/%s%s", dir, sc_stack_store_file(), tails[i]);
        unlink(path);
    }
}

/* The old database's log must never meet the new database. Closing a store folds its log into it, so that
 * the rename alone is the step from the old to the new one; only a damaged one's log is left to remove. */
static sc_rc put_in_place(sc_call *c, const char *from_dir, const char *data, bool replaces,
                          sc_err *err) {
    char from[FILE_BYTES], to[FILE_BYTES];
    snprintf(from, sizeof from, "%s/%s", from_dir, sc_stack_store_file());
    snprintf(to, sizeof to, "%s/%s", data, sc_stack_store_file());
    SC_AUTO(sc_auto_close) int alone = -1;
    sc_rc rc = sc_folder_own(data, &alone, err);
    if (!rc) rc = sync_path(from, err);
    if (rc) return rc;
    sc_store old = {NULL, NULL};
    if (replaces && sc_stack_open_store_at(c, data, &old, NULL) == SC_OK)
        sc_stack_close_store(&old);
    remove_files(data, false);
    if (rename(from, to)) return sc_fail_sys(err, SC_IO, errno, "%s", to);
    return sync_path(data, err);
}

static sc_rc restore_into(sc_call *c, const char *file, const char *data, bool *ret_replaced,
                          sc_err *err) {
    char db[FILE_BYTES], dir[PATH_BYTES], copy[FILE_BYTES];
    const force_conf *o = c->conf;
    snprintf(db, sizeof db, "%s/%s", data, sc_stack_store_file());
    *ret_replaced = is_there(db);
    if (*ret_replaced && !o->force)
        return sc_fail(err, SC_CONFLICT,
                       "%s holds data already; --force replaces it (make a backup first)", data);
    if (mkdir(data, 0700) && errno != EEXIST) return sc_fail_sys(err, SC_IO, errno, "%s", data);
    snprintf(dir, sizeof dir, "%s/restore-XXXXXX", data);
    if (!mkdtemp(dir)) return sc_fail_sys(err, SC_IO, errno, "%s", dir);
    snprintf(copy, sizeof copy, "%s/%s", dir, sc_stack_store_file());
    sc_rc rc = copy_file(file, copy, err);
    if (rc == SC_OK) rc = verify_copy(c, file, dir, copy, err);
    if (rc == SC_OK) rc = put_in_place(c, dir, data, *ret_replaced, err);
    remove_files(dir, true);
    rmdir(dir);
    return rc;
}

static int restore(sc_call *c) {
    sc_err err = {0};
    sc_running running;
    bool replaced = false;
    const char *data = c->common.data;
    if (sc_cmd_words_wrong(c, 1, 1)) return SC_EXIT_USAGE;
    if (sc_running_find(data, &running, NULL) == SC_OK)
        return sc_cmd_fail(c, SC_EXIT_FAILED, "a server runs on %s (process %ld); stop it first",
                           data, running.pid);
    sc_log_from(c, "warn");
    if (restore_into(c, c->words[0], data, &replaced, &err)) return sc_cmd_fail_err(c, &err);
    if (c->common.json)
        printf("{\"restored\":true,\"replaced\":%s}\n", replaced ? "true" : "false");
    else
        printf("%s now holds what the backup held.\n", data);
    return SC_EXIT_OK;
}

/* ---- export -------------------------------------------------------------------------------------- */

typedef struct export_conf {
    const char *project;
} export_conf;

static bool write_file(void *self, sc_str bytes) {
    return fwrite(bytes.p, 1, bytes.n, self) == bytes.n;
}

static sc_rc export_to(sc_call *c, FILE *to, sc_transfer_counts *n, sc_err *err) {
    const export_conf *o = c->conf;
    sc_stack *s = NULL;
    sc_rc rc = sc_stack_open(c, SC_STACK_APP, NULL, &s, err);
    if (rc) return rc;
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    sc_project project;
    const sc_store *store = sc_stack_store(s);
    if (o->project)
        rc = store->ops->project_get(store->self, sc_str_of(o->project), &arena, &project, err);
    sc_progress p;
    sc_progress_start(&p, "export");
    if (rc == SC_OK)
        rc = sc_export(sc_stack_app(s), o->project ? &project.id : NULL, write_file, to, tell, &p,
                       n, err);
    sc_progress_end(&p);
    sc_stack_close(s);
    return rc;
}

static int export_verb(sc_call *c) {
    sc_err err = {0};
    sc_transfer_counts n = {0};
    char part[PATH_BYTES];
    if (sc_cmd_words_wrong(c, 0, 1)) return SC_EXIT_USAGE;
    if (nothing_stored(c)) return SC_EXIT_FAILED;
    const char *file = c->n_words ? c->words[0] : "-";
    bool standard = !strcmp(file, "-");
    sc_log_from(c, "warn");
    snprintf(part, sizeof part, "%s.part", file);
    FILE *to = standard ? stdout : fopen(part, "we");
    if (!to) return sc_cmd_fail(c, SC_EXIT_FAILED, "%s: %s", part, strerror(errno));
    sc_rc rc = export_to(c, to, &n, &err);
    if (!standard) {
        bool bad = fflush(to) || fsync(fileno(to));
        bad = fclose(to) || bad;
        if (rc == SC_OK && (bad || rename(part, file)))
            rc = sc_fail_sys(&err, SC_IO, errno, "%s", file);
        if (rc) unlink(part);
    }
    if (rc) return sc_cmd_fail_err(c, &err);
    SC_AUTO(sc_buf_done) sc_buf told;
    sc_buf_init(&told, 4096);
    c->common.json ? sc_transfer_members(&n, &told) : sc_transfer_words(&n, &told);
    fprintf(standard ? stderr : stdout, c->common.json ? "{%s}\n" : "%s\n", told.p);
    return SC_EXIT_OK;
}

/* ---- Rows ---------------------------------------------------------------------------------------- */

static const sc_opt force_opts[] = {
    {.name = "force",
     .type = SC_OPT_BOOL,
     .offset = offsetof(force_conf, force),
     .letter = 'f',
     .no_env = true,
     .help = "replace what is there"},
};
static const sc_opt export_opts[] = {
    {.name = "project",
     .type = SC_OPT_STR,
     .offset = offsetof(export_conf, project),
     .arg = "NAME",
     .letter = 'p',
     .help = "only this project"},
};

const sc_verb sc_verb_backup = {
    .name = "backup",
    .group = SC_GROUP_KEEP,
    .summary = "copy everything into one file, also while a server runs",
    .synopsis = "FILE [--data DIR] [--force]",
    .about = "Writes a consistent copy of all that is stored, keys and settings included. The file "
             "appears under its name only when it is "
             "complete and on disk.",
    .examples = "# every night\nsoulcaster backup --data /srv/soulcaster /backup/soulcaster-$(date "
                "+%F).db\n",
    .sets = SC_OPTS_DATA | SC_OPTS_OUT | SC_OPTS_STORE,
    .opts = force_opts,
    .n_opts = SC_LEN(force_opts),
    .conf_size = sizeof(force_conf),
    .run = backup,
};

const sc_verb sc_verb_restore = {
    .name = "restore",
    .group = SC_GROUP_KEEP,
    .summary = "put a backup into a data folder",
    .synopsis = "FILE [--data DIR] [--force]",
    .about = "Checks the backup in depth first; only then, and in one step, it takes the place of "
             "what is there. A folder that holds data is "
             "refused without --force, and one that a server runs on always.",
    .examples = "# into a new folder\nsoulcaster restore backup.db --data ./restored\n",
    .sets = SC_OPTS_DATA | SC_OPTS_OUT,
    .opts = force_opts,
    .n_opts = SC_LEN(force_opts),
    .conf_size = sizeof(force_conf),
    .run = restore,
};

const sc_verb sc_verb_export = {
    .name = "export",
    .group = SC_GROUP_KEEP,
    .summary = "write all that is stored as NDJSON",
    .synopsis = "[FILE|-] [--project NAME]",
    .about = "One JSON object a line, for other programs and for `soulcaster import`. Keys and "
             "secrets are never in it, only their names; for a copy with all "
             "there is, see backup.",
    .examples = "# one project\nsoulcaster export --project demo demo.ndjson\n# how many "
                "reports?\nsoulcaster export | grep -c '\"kind\":\"feedback\"'\n",
    .sets = SC_OPTS_DATA | SC_OPTS_OUT | SC_OPTS_STORE,
    .opts = export_opts,
    .n_opts = SC_LEN(export_opts),
    .conf_size = sizeof(export_conf),
    .run = export_verb,
};
