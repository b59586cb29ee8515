/* What might lose an acknowledged write: how the server saves, what it throws away, which role it has; and whether its
 * clock agrees with ours. */
#include "stores/redis/risks.h"

#include "stores/redis/steps.h"

enum { MOST = 8, MOST_APART_MS = 1000 };

typedef struct risks {
    sc_rd *s;
    sc_arena *arena;
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
        say(r, r->s->nodes[0].address.rest
                   ? "over REST nothing is told of how Redis saves, copies and evicts: see in its "
                     "console that eviction is off"
                   : "Redis does not tell its configuration (CONFIG is forbidden): whether it "
                     "saves every write and never evicts could not be seen");
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

int64_t sc_rd_clock_apart(int64_t asked_ms, int64_t theirs_ms, int64_t answered_ms) {
    if (theirs_ms < asked_ms) return asked_ms - theirs_ms;
    return theirs_ms > answered_ms ? answered_ms - theirs_ms : 0;
}

/* TIME: seconds and microseconds, as text (https://redis.io/docs/latest/commands/time/). Leases are kept by the clocks of
 * those who work; Redis' stands for all of the others'. */
static sc_rc look_at_clock(risks *r, sc_err *err) {
    redisReply *reply = NULL;
    const char *argv[] = {"TIME"};
    const int64_t asked = sc_now_ms(&sc_clock_system);
    sc_rc rc = sc_rd_command(r->s, NULL, 1, argv, NULL, true, &reply, err);
    if (rc) return rc;
    int64_t s, us;
    const bool told =
        reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
        reply->element[0]->type == REDIS_REPLY_STRING &&
        reply->element[1]->type == REDIS_REPLY_STRING &&
        !sc_num_i64((sc_str){reply->element[0]->str, reply->element[0]->len}, 0, INT64_MAX / 1000,
                    &s, NULL) &&
        !sc_num_i64((sc_str){reply->element[1]->str, reply->element[1]->len}, 0, 999999, &us, NULL);
    freeReplyObject(reply);
    if (!told) return SC_OK; /* managed ones may forbid it */
    const int64_t apart =
        sc_rd_clock_apart(asked, s * 1000 + us / 1000, sc_now_ms(&sc_clock_system));
    if (apart >= -MOST_APART_MS && apart <= MOST_APART_MS) return SC_OK;
    const char *words = sc_arena_printf(
        r->arena,
        "the clock of this machine is %lld.%lld s %s Redis': a worker whose clock is wrong takes "
        "jobs that others still work on; let all machines ask a time server",
        (long long)llabs(apart) / 1000, (long long)llabs(apart) % 1000 / 100,
        apart > 0 ? "ahead of" : "behind");
    if (!words) return sc_rd_no_memory(err);
    say(r, words);
    return SC_OK;
}

sc_rc sc_rd_risks(void *self, sc_arena *arena, sc_str **ret, size_t *ret_n, sc_err *err) {
    risks r = {.s = self, .arena = arena};
    sc_rc rc = look_at_config(&r, err);
    if (!rc) rc = look_at_role(&r, err);
    if (!rc) rc = look_at_clock(&r, err);
    if (rc) return rc;
    sc_str *said = sc_arena_take_array(arena, MOST, sizeof *said);
    if (!said) return sc_rd_no_memory(err);
    memcpy(said, r.said, r.n * sizeof *said);
    *ret = said;
    *ret_n = r.n;
    return SC_OK;
}
