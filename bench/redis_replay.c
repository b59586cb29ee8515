/* What bare hiredis makes of given commands:
 *
 *     redis_replay SOCKET FILE FIRST DEPTH
 *
 * FILE holds commands as they are sent, one behind the other. The first FIRST go one by one and are not measured; the
 * others go over one connection with at most DEPTH of them unanswered. Prints one line of JSON. */
#include <hiredis.h>

#include "base/clock.h"
#include "common.h"

static void die(const char *what, const char *why) {
    fprintf(stderr, "redis_replay: %s: %s\n", what, why);
    exit(1);
}

/* "*3\r\n" or "$5\r\n" -> the number; s goes on behind it. */
static size_t number(sc_str *s, char mark) {
    size_t end = sc_str_find(*s, SC_STR("\r\n"));
    int64_t n = 0;
    if (end == SIZE_MAX || s->p[0] != mark ||
        sc_num_i64((sc_str){s->p + 1, end - 1}, 0, INT64_MAX, &n, NULL))
        die("FILE", "no commands");
    *s = (sc_str){s->p + end + 2, s->n - end - 2};
    return (size_t)n;
}

static sc_str next_command(sc_str *s) {
    sc_str rest = *s;
    for (size_t words = number(&rest, '*'); words; words--) {
        size_t n = number(&rest, '$') + 2;
        if (n > rest.n) die("FILE", "ends within a command");
        rest = (sc_str){rest.p + n, rest.n - n};
    }
    sc_str got = {s->p, s->n - rest.n};
    *s = rest;
    return got;
}

static size_t failed;
static char refusal[120]; /* the first one's words */

static void answer(redisContext *c) {
    redisReply *r;
    if (redisGetReply(c, (void **)&r) != REDIS_OK) die("Redis", c->errstr);
    if (r->type == REDIS_REPLY_ERROR && strncmp(r->str, "NOSCRIPT", 8) != 0 && !failed++)
        snprintf(refusal, sizeof refusal, "%s", r->str);
    freeReplyObject(r);
}

int main(int argc, char **argv) {
    int64_t first, depth;
    if (argc != 5 || sc_num_i64(sc_str_of(argv[3]), 0, INT64_MAX, &first, NULL) ||
        sc_num_i64(sc_str_of(argv[4]), 1, 100000, &depth, NULL))
        return 2;
    sc_str left = read_file(argv[2]);
    redisContext *c = redisConnectUnix(argv[1]);
    if (!c || c->err) die(argv[1], c ? c->errstr : "no memory");
    int64_t sent = 0, open = 0, from = 0;
    for (; left.n; sent++) {
        sc_str one = next_command(&left);
        if (sent == first) {
            from = sc_mono_us(&sc_clock_system);
            failed = 0; /* a start looks for what is not there yet */
        }
        if (redisAppendFormattedCommand(c, one.p, one.n) != REDIS_OK) die("send", c->errstr);
        for (open++; open >= (sent < first ? 1 : depth); open--) answer(c);
    }
    for (; open; open--) answer(c);
    double seconds = (double)(sc_mono_us(&sc_clock_system) - from) * 1e-6;
    SC_AUTO(sc_buf_done) sc_buf words;
    sc_buf_init(&words, 1024);
    sc_buf_put_json(&words, sc_str_of(refusal));
    printf("{\"commands\":%lld,\"seconds\":%.6f,\"failed\":%zu,\"refusal\":%.*s}\n",
           (long long)(sent - first), seconds, failed, SC_FMT(sc_buf_str(&words)));
    redisFree(c);
    return 0;
}
