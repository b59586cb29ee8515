#include "stores/redis/redis.h"

#include <stdio.h>

#include "stores/redis/layout.h"
#include "stores/redis/steps.h"

static const sc_opt opts[] = {
    {.name = "redis",
     .type = SC_OPT_STR,
     .secret = true,
     .offset = offsetof(sc_redis_conf, url),
     .arg = "URL",
     .help = "keep everything in this Redis: redis://, rediss:// (TLS), unix://, or https:// "
             "(Upstash's "
             "REST protocol; the token is in UPSTASH_REDIS_REST_TOKEN)"},
    {.name = "redis-ca",
     .type = SC_OPT_STR,
     .offset = offsetof(sc_redis_conf, ca_file),
     .arg = "FILE",
     .help = "certificates to trust for rediss:// and https:// instead of the system's"},
    {.name = "redis-timeout-ms",
     .type = SC_OPT_INT,
     .offset = offsetof(sc_redis_conf, timeout_ms),
     .fallback = "5000",
     .arg = "MS",
     .min = 1,
     .max = 600000,
     .help = "how long Redis may take to be reached and to answer"},
    {.name = "redis-look-ms",
     .type = SC_OPT_INT,
     .offset = offsetof(sc_redis_conf, look_ms),
     .fallback = "0",
     .arg = "MS",
     .max = 600000,
     .help = "wait so long at least between two looks at what other processes did; 0 chooses: "
             "1000 for https://, where requests are paid for, else as often as is good"},
};

static void close_store(void *self) { sc_rd_pool_close(self); }

static sc_rc open_store(void *self, const void *conf, sc_err *err) {
    sc_rd *s = self;
    const sc_redis_conf *k = conf;
    if (!k->url || !*k->url)
        return sc_fail_field(err, SC_INVALID, "redis", "name the Redis to use");
    if (k->timeout_ms < 1 || k->timeout_ms > 600000)
        return sc_fail_field(err, SC_INVALID, "redis-timeout-ms", "must be 1 to 600000");
    sc_rc rc = sc_rd_pool_open(s, k, err);
    if (!rc) rc = sc_rd_look_whole(s, err);
    if (!rc) rc = sc_rd_layout_open(s, err);
    if (rc) close_store(s);
    return rc;
}

static int64_t look_ms(const void *self) {
    const sc_rd *s = self;
    return s->look_ms;
}

/* ---- The store as a whole ------------------------------------------------------------------------ */

/* A number out of INFO; -1 when it is not told. */
static int64_t info_number(sc_str text, const char *name) {
    sc_str line;
    int64_t v;
    while (sc_str_next(&text, '\n', &line)) {
        size_t n = strlen(name);
        line = sc_str_trim(line);
        if (sc_str_starts(line, name) && line.n > n && line.p[n] == ':' &&
            !sc_num_i64((sc_str){line.p + n + 1, line.n - n - 1}, 0, INT64_MAX, &v, NULL))
            return v;
    }
    return -1;
}

/* Of the first server; what it may not tell is not known. */
static sc_rc info(void *self, sc_store_info *ret, sc_err *err) {
    redisReply *reply = NULL;
    const char *argv[] = {"INFO", "memory"};
    sc_rc rc = sc_rd_command(self, NULL, 2, argv, NULL, true, &reply, err);
    if (rc) return rc;
    sc_str text =
        reply->type == REDIS_REPLY_STRING ? (sc_str){reply->str, reply->len} : SC_STR_NONE;
    int64_t used = info_number(text, "used_memory"), most = info_number(text, "maxmemory");
    *ret = (sc_store_info){.backend = sc_store_redis.name,
                           .schema_version = SC_RD_SCHEMA,
                           .bytes = SC_MAX(used, 0),
                           .free_bytes = most > 0 && used >= 0 ? SC_MAX(most - used, 0) : -1};
    freeReplyObject(reply);
    return SC_OK;
}

static sc_rc probe(void *self, int64_t now_ms, sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 1);
    sc_pack_int(&r.args, now_ms);
    return sc_rd_put(self, SC_RD_probe, &r, err);
}

static sc_rc change_token(void *self, int64_t *ret, sc_err *err) {
    return sc_rd_read_number(self, "sc:{i}:token", ret, err);
}

static sc_rc last_event(void *self, int64_t *ret_id, sc_err *err) {
    return sc_rd_read_number(self, "sc:{i}:en", ret_id, err);
}

const sc_store_ops sc_store_redis = {
    .name = "redis",
    .summary =
        "A Redis server, with or without TLS, a Redis cluster, or one behind a REST address; for "
        "several processes.",
    .opts = opts,
    .n_opts = SC_LEN(opts),
    .size = sizeof(sc_rd),
    .open = open_store,
    .close = close_store,
    .info = info,
    .probe = probe,
    .verify = sc_rd_verify,
    .backup = NULL,
    .risks = sc_rd_risks,
    .change_token = change_token,
    .look_ms = look_ms,
    .last_event = last_event,
    .lead_take = sc_rd_lead_take,
    .lead_drop = sc_rd_lead_drop,
    .project_put = sc_rd_project_put,
    .project_get = sc_rd_project_get,
    .project_list = sc_rd_project_list,
    .setting_get = sc_rd_setting_get,
    .setting_put = sc_rd_setting_put,
    .setting_list = sc_rd_setting_list,
    .setting_swap = sc_rd_setting_swap,
    .bucket_take = sc_rd_bucket_take,
    .key_put = sc_rd_key_put,
    .key_find = sc_rd_key_find,
    .key_list = sc_rd_key_list,
    .key_revoke = sc_rd_key_revoke,
    .key_touch = sc_rd_key_touch,
    .session_put = sc_rd_session_put,
    .session_take = sc_rd_session_take,
    .session_get = sc_rd_session_get,
    .session_drop = sc_rd_session_drop,
    .feedback_put = sc_rd_feedback_put,
    .feedback_get = sc_rd_feedback_get,
    .feedback_list = sc_rd_feedback_list,
    .feedback_update = sc_rd_feedback_update,
    .feedback_pending = sc_rd_feedback_pending,
    .items_since = sc_rd_items_since,
    .clusters_since = sc_rd_clusters_since,
    .group_write = sc_rd_group_write,
    .model_state = sc_rd_model_state,
    .items_without = sc_rd_items_without,
    .count_without = sc_rd_count_without,
    .side_put = sc_rd_side_put,
    .side_prune = sc_rd_side_prune,
    .moved_by_switch = sc_rd_moved_by_switch,
    .cluster_get = sc_rd_cluster_get,
    .cluster_list = sc_rd_cluster_list,
    .cluster_names = sc_rd_cluster_names,
    .chart_get = sc_rd_chart_get,
    .chart_put = sc_rd_chart_put,
    .corrections = sc_rd_corrections,
    .decisions = sc_rd_decisions,
    .answer_get = sc_rd_answer_get,
    .answer_put = sc_rd_answer_put,
    .pair_get = sc_rd_pair_get,
    .pairs_open = sc_rd_pairs_open,
    .pair_put = sc_rd_pair_put,
    .pair_list = sc_rd_pair_list,
    .fix_start = sc_rd_fix_start,
    .fix_save = sc_rd_fix_save,
    .fix_keep = sc_rd_fix_keep,
    .fix_get = sc_rd_fix_get,
    .fix_list = sc_rd_fix_list,
    .fix_patch = sc_rd_fix_patch,
    .fix_retry = sc_rd_fix_retry,
    .fix_log_put = sc_rd_fix_log_put,
    .fix_log_get = sc_rd_fix_log_get,
    .plan_put = sc_rd_plan_put,
    .plan_get = sc_rd_plan_get,
    .job_enqueue = sc_rd_job_enqueue,
    .job_claim = sc_rd_job_claim,
    .job_heartbeat = sc_rd_job_heartbeat,
    .job_end = sc_rd_job_end,
    .job_get = sc_rd_job_get,
    .job_list = sc_rd_job_list,
    .job_act = sc_rd_job_act,
    .job_drop = sc_rd_job_drop,
    .job_counts = sc_rd_job_counts,
    .prune = sc_rd_prune,
    .decision_prune = sc_rd_decision_prune,
    .audit_put = sc_rd_audit_put,
    .audit_list = sc_rd_audit_list,
    .events = sc_rd_events,
    .stats = sc_rd_stats,
};
