#include "stores/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "stores/sqlite/steps.h"

static const char file_name[] = "soulcaster.db";

static const sc_opt opts[] = {
    {.name = "dir",
     .type = SC_OPT_STR,
     .offset = offsetof(sc_sqlite_conf, dir),
     .fallback = "data",
     .arg = "DIR",
     .help = "directory of the database; made if need be, for this user only"},
    {.name = "busy-timeout-ms",
     .type = SC_OPT_INT,
     .offset = offsetof(sc_sqlite_conf, busy_timeout_ms),
     .fallback = "5000",
     .arg = "MS",
     .max = 600000,
     .help = "how long a write waits for another process that writes"},
};

/* ---- Opening ---------------------------------------------------------------------------------- */

/* Each missing directory of the path, for this user only. */
static sc_rc make_dir(char *dir, sc_err *err) {
    for (char *p = dir + 1;; p++) {
        if (*p && *p != '/') continue;
        char cut = *p;
        *p = 0;
        bool failed = mkdir(dir, 0700) && errno != EEXIST;
        int sys = errno;
        struct stat st;
        /* A path component above may exist and refuse mkdir for other reasons (read-only mounts). */
        if (failed && !(stat(dir, &st) == 0 && S_ISDIR(st.st_mode))) {
            sc_fail_sys(err, SC_STORE, sys, "make the data directory %.100s", dir);
            *p = cut;
            return SC_STORE;
        }
        *p = cut;
        if (!cut) return SC_OK;
    }
}

static void sync_dir(const char *dir) {
    SC_AUTO(sc_auto_close) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) fsync(fd);
}

/* An empty file with the right mode; SQLite gives -wal and -shm the same one. An existing file is
 * not opened here: closing it would drop the locks that SQLite holds for this process. */
static sc_rc make_file(sc_sq *s, sc_err *err) {
    int fd = open(s->path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == EEXIST) return SC_OK;
    if (fd < 0) return sc_fail_sys(err, SC_STORE, errno, "make soulcaster.db in %.100s", s->dir);
    close(fd);
    sync_dir(s->dir);
    return SC_OK;
}

static sc_rc use_wal(sc_sq_conn *c, sc_err *err) {
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, "PRAGMA journal_mode = WAL");
    bool row;
    sc_rc rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    if (row && sc_str_is(sc_query_get_view(&q), "wal")) return SC_OK;
    return sc_fail(err, SC_STORE,
                   "the file system under %.80s cannot share memory between processes (a network "
                   "mount?): choose a local directory",
                   c->store->dir);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* SQLite's own memory statistics are a lock that all threads share; nobody reads them. Refused, and
 * no harm done, when something else has started SQLite already. */
static void configure_sqlite(void) { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

static void close_store(void *self) {
    sc_sq *s = self;
    sc_sq_pool_close(s);
    sc_free(s->dir);
    sc_free(s->path);
    s->dir = s->path = NULL;
}

static sc_rc open_in(sc_sq *s, const sc_sqlite_conf *conf, sc_err *err) {
    size_t n = strlen(conf->dir) + sizeof file_name + 1;
    s->dir = sc_strdup(conf->dir);
    s->path = sc_alloc(n);
    if (!s->dir || !s->path) return sc_fail(err, SC_NOMEM, "no memory for the store");
    snprintf(s->path, n, "%s/%s", conf->dir, file_name);
    s->busy_timeout_ms = (int)conf->busy_timeout_ms;
    sc_rc rc = make_dir(s->dir, err);
    if (!rc) rc = make_file(s, err);
    if (!rc) rc = sc_sq_pool_open(s, err);
    if (!rc) rc = use_wal(s->writer, err);
    if (!rc) rc = sc_sq_schema_migrate(s->writer, err);
    return rc;
}

static sc_rc open_store(void *self, const void *conf, sc_err *err) {
    sc_sq *s = self;
    const sc_sqlite_conf *k = conf;
    if (!k->dir || !*k->dir)
        return sc_fail_field(err, SC_INVALID, "dir", "name a directory for the database");
    if (k->busy_timeout_ms < 0 || k->busy_timeout_ms > 600000)
        return sc_fail_field(err, SC_INVALID, "busy-timeout-ms", "must be 0 to 600000");
    pthread_once(&once, configure_sqlite);
    sc_rc rc = open_in(s, k, err);
    if (rc) close_store(s);
    return rc;
}

/* ---- The store as a whole --------------------------------------------------------------------- */

static int64_t size_of(const char *path, const char *suffix) {
    char name[4096];
    struct stat st;
    snprintf(name, sizeof name, "%s%s", path, suffix);
    return stat(name, &st) ? 0 : (int64_t)st.st_size;
}

static int64_t free_at(const char *path) {
    struct statvfs v;
    return statvfs(path, &v) ? -1 : (int64_t)v.f_bavail * (int64_t)v.f_frsize;
}

static sc_rc info(void *self, sc_store_info *ret, sc_err *err) {
    (void)err;
    sc_sq *s = self;
    *ret = (sc_store_info){.backend = sc_store_sqlite.name,
                           .schema_version = sc_sq_schema_version(),
                           .bytes = size_of(s->path, "") + size_of(s->path, "-wal"),
                           .free_bytes = free_at(s->path)};
    return SC_OK;
}

static sc_rc write_probe(sc_sq_conn *c, int64_t now_ms, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "INSERT INTO probe (one, at, n) VALUES (1, ?, 1)"
                                " ON CONFLICT (one) DO UPDATE SET at = excluded.at, n = n + 1");
    sc_query_int(&q, now_ms);
    return sc_query_run(&q, err);
}

static sc_rc probe(void *self, int64_t now_ms, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    if (rc) return rc;
    rc = sc_sq_write_end(c, write_probe(c, now_ms, err), err);
    if (!rc) sc_sq_checkpoint(self, SC_SQ_CHECKPOINT_SOFT);
    return rc;
}

/* data_version changes on a connection whenever another one commits, of this process or not; it
 * compares only with itself on the same connection, hence one of its own, and the generation. */
static sc_rc read_token(sc_sq *s, int64_t *ret, sc_err *err) {
    pthread_mutex_lock(&s->lock);
    uint64_t generation = s->generation;
    pthread_mutex_unlock(&s->lock);
    if (s->watch && (s->watch->suspect || s->watch->generation != generation)) {
        sc_sq_conn_close(s->watch);
        s->watch = NULL;
    }
    if (!s->watch) {
        sc_rc rc = sc_sq_conn_open(s, 64, &s->watch, err);
        if (rc) return rc;
    }
    int64_t version = 0;
    sc_rc rc = sc_query_scalar(s->watch, "PRAGMA data_version", 0, &version, err);
    if (!rc) *ret = (int64_t)(generation << 32) + version;
    return rc;
}

static sc_rc change_token(void *self, int64_t *ret, sc_err *err) {
    sc_sq *s = self;
    pthread_mutex_lock(&s->watch_lock);
    sc_rc rc = read_token(s, ret, err);
    pthread_mutex_unlock(&s->watch_lock);
    sc_sq_checkpoint(s, SC_SQ_CHECKPOINT_SOFT);
    return rc;
}

const sc_store_ops sc_store_sqlite = {
    .name = "sqlite",
    .summary = "One SQLite database in a data directory; nothing to install.",
    .opts = opts,
    .n_opts = SC_LEN(opts),
    .size = sizeof(sc_sq),
    .open = open_store,
    .close = close_store,
    .info = info,
    .probe = probe,
    .verify = sc_sq_verify,
    .backup = sc_sq_backup,
    .change_token = change_token,
    .lead_take = sc_sq_lead_take,
    .lead_drop = sc_sq_lead_drop,
    .project_put = sc_sq_project_put,
    .project_get = sc_sq_project_get,
    .project_list = sc_sq_project_list,
    .setting_get = sc_sq_setting_get,
    .setting_put = sc_sq_setting_put,
    .setting_list = sc_sq_setting_list,
    .setting_swap = sc_sq_setting_swap,
    .key_put = sc_sq_key_put,
    .key_find = sc_sq_key_find,
    .key_list = sc_sq_key_list,
    .key_revoke = sc_sq_key_revoke,
    .key_touch = sc_sq_key_touch,
    .session_put = sc_sq_session_put,
    .session_take = sc_sq_session_take,
    .session_get = sc_sq_session_get,
    .session_drop = sc_sq_session_drop,
    .feedback_put = sc_sq_feedback_put,
    .feedback_get = sc_sq_feedback_get,
    .feedback_list = sc_sq_feedback_list,
    .feedback_update = sc_sq_feedback_update,
    .feedback_pending = sc_sq_feedback_pending,
    .items_since = sc_sq_items_since,
    .clusters_since = sc_sq_clusters_since,
    .group_write = sc_sq_group_write,
    .model_state = sc_sq_model_state,
    .items_without = sc_sq_items_without,
    .count_without = sc_sq_count_without,
    .side_put = sc_sq_side_put,
    .side_prune = sc_sq_side_prune,
    .moved_by_switch = sc_sq_moved_by_switch,
    .cluster_get = sc_sq_cluster_get,
    .cluster_list = sc_sq_cluster_list,
    .cluster_names = sc_sq_cluster_names,
    .chart_get = sc_sq_chart_get,
    .chart_put = sc_sq_chart_put,
    .corrections = sc_sq_corrections,
    .decisions = sc_sq_decisions,
    .answer_get = sc_sq_answer_get,
    .answer_put = sc_sq_answer_put,
    .pair_get = sc_sq_pair_get,
    .pairs_open = sc_sq_pairs_open,
    .pair_put = sc_sq_pair_put,
    .pair_list = sc_sq_pair_list,
    .fix_start = sc_sq_fix_start,
    .fix_save = sc_sq_fix_save,
    .fix_keep = sc_sq_fix_keep,
    .fix_get = sc_sq_fix_get,
    .fix_list = sc_sq_fix_list,
    .fix_patch = sc_sq_fix_patch,
    .fix_retry = sc_sq_fix_retry,
    .fix_log_put = sc_sq_fix_log_put,
    .fix_log_get = sc_sq_fix_log_get,
    .plan_put = sc_sq_plan_put,
    .plan_get = sc_sq_plan_get,
    .job_enqueue = sc_sq_job_enqueue,
    .job_claim = sc_sq_job_claim,
    .job_heartbeat = sc_sq_job_heartbeat,
    .job_end = sc_sq_job_end,
    .job_get = sc_sq_job_get,
    .job_list = sc_sq_job_list,
    .job_act = sc_sq_job_act,
    .job_drop = sc_sq_job_drop,
    .job_counts = sc_sq_job_counts,
    .prune = sc_sq_prune,
    .decision_prune = sc_sq_decision_prune,
    .audit_put = sc_sq_audit_put,
    .audit_list = sc_sq_audit_list,
    .events = sc_sq_events,
    .last_event = sc_sq_last_event,
    .stats = sc_sq_stats,
};
