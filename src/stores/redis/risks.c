/* What might lose an acknowledged write: how the server saves, what it throws away, which role it has. */
#include "stores/redis/steps.h"

enum { MOST = 8 };

typedef struct risks {
    sc_rd *s;
    sc_str said[MOST];
    size_t n;
} risks;

static void say(risks *r, const char *words) {
    if (r->n < MOST) r->said[r->n++] = sc_str_of(words);
}

/* CONFIG GET: *ret_seen false where the server does not tell (managed ones often forbid it). */
static sc_rc config(risks *r, const char *name, char ret[64], bool *ret_seen, sc_err *err) {
    redisReply *reply = NULL;
    const char *argv[] = {"CONFIG", "GET", name};
    sc_rc rc = sc_rd_command(r->s, NULL, 3, argv, NULL, true, &reply, err);
    if (rc) return rc;
    *ret_seen = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
                reply->element[1]->type == REDIS_REPLY_STRING && reply->element[1]->len < 64;
    if (*ret_seen) memcpy(ret, reply->element[1]->str, reply->element[1]->len + 1);
    freeReplyObject(reply);
    return SC_OK;
}

static sc_rc look_at_config(risks *r, sc_err *err) {
    char append[64] = "", sync[64] = "", policy[64] = "";
    bool seen[3];
    sc_rc rc = config(r, "appendonly", append, &seen[0], err);
    if (!rc) rc = config(r, "appendfsync", sync, &seen[1], err);
    if (!rc) rc = config(r, "maxmemory-policy", policy, &seen[2], err);
    if (rc) return rc;
    if (!seen[0] || !seen[1] || !seen[2]) {
        say(r, "Redis does not tell its configuration (CONFIG is forbidden): whether it saves "
               "every write and "
               "never evicts could not be seen");
        return SC_OK;
    }
    if (strcmp(append, "yes") != 0)
        say(r, "Redis keeps no append-only file: a crash loses all since its last snapshot; set "
               "appendonly yes");
    else if (strcmp(sync, "always") != 0)
        say(r, "Redis syncs its append-only file once a second or less: power loss loses what was "
               "just "
               "acknowledged; set appendfsync always");
    if (strcmp(policy, "noeviction") != 0)
        say(r, "Redis throws keys away when its memory is full: set maxmemory-policy noeviction");
    return SC_OK;
}

static sc_rc look_at_role(risks *r, sc_err *err) {
    redisReply *reply = NULL;
    const char *argv[] = {"INFO", "replication"};
    sc_rc rc = sc_rd_command(r->s, NULL, 2, argv, NULL, true, &reply, err);
    if (rc) return rc;
    sc_str text =
               reply->type == REDIS_REPLY_STRING ? (sc_str){reply->str, reply->len} : SC_STR_NONE,
           line;
    int64_t replicas = 0;
    while (sc_str_next(&text, '\n', &line)) {
        line = sc_str_trim(line);
        if (sc_str_is(line, "role:slave")) say(r, "this Redis is a replica: name the primary");
        if (sc_str_starts(line, "connected_slaves:"))
            sc_num_i64((sc_str){line.p + 17, line.n - 17}, 0, INT64_MAX, &replicas, NULL);
    }
    freeReplyObject(reply);
    char least[64];
    bool seen = false;
    if (replicas > 0) rc = config(r, "min-replicas-to-write", least, &seen, err);
    if (!rc && seen && !strcmp(least, "0"))
        say(r, "a replica may take over without the last writes: set min-replicas-to-write 1");
    return rc;
}

sc_rc sc_rd_risks(void *self, sc_arena *arena, sc_str **ret, size_t *ret_n, sc_err *err) {
    risks r = {.s = self};
    sc_rc rc = look_at_config(&r, err);
    if (!rc) rc = look_at_role(&r, err);
    if (rc) return rc;
    sc_str *said = sc_arena_take_array(arena, MOST, sizeof *said);
    if (!said) return sc_rd_no_memory(err);
    memcpy(said, r.said, r.n * sizeof *said);
    *ret = said;
    *ret_n = r.n;
    return SC_OK;
}
