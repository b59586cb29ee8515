/* What a program of an older layout left in Redis, and what it still writes: read rightly at any time, brought forward bit by bit,
 * however often that is broken off. On a socket, over TLS, on a cluster and over REST. */
#include "fix_lists.h"
#include "redis_use.h"

#include "stores/redis/layout.h"

/* ---- As an older program has it ------------------------------------------------------------------ */

/* A script of two keys of project a: p, and what the names of its lists of fixes begin with. */
static long long run(sc_fx *f, const char *script, const char *word) {
    char p[64], z[64];
    redisReply *r;
    const char *argv[] = {"EVAL", script, "2", p, z, word};
    snprintf(p, sizeof p, "sc:{%s}:p", f->a.text);
    snprintf(z, sizeof z, "sc:{%s}:z", f->a.text);
    fx_ok(f, sc_rd_command(f->s, p, 6, argv, NULL, false, &r, &f->err));
    if (r->type == REDIS_REPLY_ERROR) fail_msg("%s", r->str);
    const long long n = r->integer;
    freeReplyObject(r);
    return n;
}

static int64_t number_of(sc_fx *f, const char *field) {
    return run(f, "return tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or 0)", field);
}

static bool is_begun(sc_fx *f) {
    return run(f, "return redis.call('HEXISTS', KEYS[1], 'listed')", "") == 1;
}

static bool is_whole(sc_fx *f) {
    const int64_t others = number_of(f, "hints") + number_of(f, "events") - number_of(f, "own");
    return run(f, "return redis.call('HEXISTS', KEYS[1], 'lists')", "") &&
           others == number_of(f, "lists");
}

/* No list of fixes but the one of all. */
static void drop_lists(sc_fx *f) {
    run(f,
        "for _, lists in ipairs({':*', 'i:*'}) do "
        "for _, key in ipairs(redis.call('KEYS', KEYS[2] .. lists)) do redis.call('DEL', key) end "
        "end return 0",
        "");
}

static int64_t schema(sc_fx *f) {
    redisReply *r;
    int64_t n;
    const char *get[] = {"HGET", "sc:{i}:p", "schema"};
    fx_ok(f, sc_rd_command(f->s, get[1], 3, get, NULL, true, &r, &f->err));
    fx_ok(f, sc_num_i64((sc_str){r->str, r->len}, 0, 99, &n, &f->err));
    freeReplyObject(r);
    return n;
}

static void make_layout_1(sc_fx *f) {
    redisReply *r;
    const char *set[] = {"HSET", "sc:{i}:p", "schema", "1"};
    drop_lists(f);
    run(f, "return redis.call('HDEL', KEYS[1], 'own', 'lists')", "");
    fx_ok(f, sc_rd_command(f->s, set[1], 4, set, NULL, false, &r, &f->err));
    freeReplyObject(r);
    assert_int_equal(schema(f), 1);
}

/* It knows nothing of `own`, and of no list; worse, they are gone. */
static void change_as_an_older_program(fix_lists *l) {
    sc_fx *f = l->f;
    char own[24];
    const int64_t before = number_of(f, "own");
    snprintf(own, sizeof own, "%lld", (long long)before);
    while (number_of(f, "own") == before) fl_change(l);
    run(f, "return redis.call('HSET', KEYS[1], 'own', ARGV[1])", own);
    drop_lists(f);
}

static bool bring(sc_fx *f, size_t slice, size_t most) {
    bool whole;
    fx_ok(f, sc_rd_layout_bring(f->s, &f->a, slice, most, &whole, &f->err));
    assert_int_equal(whole, is_whole(f));
    return whole;
}

/* The first look of a store is behind it: from now on it brings nothing forward by itself, for the clock stands. */
static void look(sc_fx *f) {
    sc_job job;
    fx_rc(f, fx_claim(f, "none", f->clock_ms, &job), SC_NOT_FOUND);
}

/* A process of its own does a part, and is gone. */
static void bring_and_die(sc_fx *f, size_t slice, size_t most) {
    sc_fx other = *f;
    fx_open(&other);
    assert_false(bring(&other, slice, most));
    sc_store_close(&other.store);
}

static void many_changes(fix_lists *l, int n) {
    for (int i = 0; i < n; i++) fl_change(l);
}

/* ---- Tests --------------------------------------------------------------------------------------- */

static void a_way_that_is_broken_off_goes_on_where_it_ended(void **state) {
    sc_fx *f = *state;
    fix_lists l;
    fl_make(&l, f);
    many_changes(&l, 90);
    assert_in_range(l.n, 20, FL_MOST);
    make_layout_1(f);
    look(f); /* whoever has it open reads on */
    make_layout_1(f);
    assert_false(is_whole(f));
    fl_check(&l);
    bring_and_die(f, 5, 2);
    assert_int_equal(schema(f), SC_RD_SCHEMA); /* an older program opens it no more */
    assert_true(is_begun(f));
    fl_check(&l);
    many_changes(&l, 10); /* by programs of this layout: they are listed at once */
    assert_false(is_whole(f));
    fl_check(&l);
    assert_true(bring(f, 5, (l.n - 10) / 5 + 1)); /* the ten that were done are not done again */
    assert_false(is_begun(f));
    fl_check(&l);
    many_changes(&l, 20);
    assert_true(is_whole(f));
    fl_check(&l);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

static void what_an_older_program_writes_has_it_done_again(void **state) {
    sc_fx *f = *state;
    fix_lists l;
    fl_make(&l, f);
    many_changes(&l, 60);
    assert_true(is_whole(f)); /* a new project always is */
    change_as_an_older_program(&l);
    assert_false(is_whole(f));
    fl_check(&l);
    assert_false(bring(f, 5, 2));
    change_as_an_older_program(&l); /* what was done by then is worth nothing */
    fl_check(&l);
    assert_false(bring(f, 5, l.n / 5 - 1));
    assert_true(bring(f, 5, 3));
    fl_check(&l);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

static void several_do_it_together(void **state) {
    sc_fx *f = *state;
    fix_lists l;
    sc_store other;
    bool whole = false;
    fl_make(&l, f);
    many_changes(&l, 60);
    make_layout_1(f);
    fx_ok(f, sc_store_open(f->ops, fx_conf(f), &other, &f->err));
    for (size_t i = 0; !whole; i++) {
        assert_in_range(i, 0, l.n);
        fx_ok(f, sc_rd_layout_bring(i % 2 ? other.self : f->s, &f->a, 3, 1, &whole, &f->err));
    }
    sc_store_close(&other);
    assert_true(is_whole(f));
    fl_check(&l);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

static void who_looks_for_work_does_it(void **state) {
    sc_fx *f = *state;
    fix_lists l;
    fl_make(&l, f);
    many_changes(&l, 60);
    make_layout_1(f);
    fx_reopen(f);
    look(f);
    assert_true(is_whole(f));
    fl_check(&l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        fx_test(a_way_that_is_broken_off_goes_on_where_it_ended),
        fx_test(what_an_older_program_writes_has_it_done_again),
        fx_test(several_do_it_together),
        fx_test(who_looks_for_work_does_it),
    };
    static const char *const by[] = {"redis", "redis over TLS", "redis cluster", "redis over REST"};
    int failed = 0;
    fx_backend = &sc_store_redis;
    for (fx_redis_by = FX_SOCKET; fx_redis_by < FX_WAYS; fx_redis_by++)
        if (fx_redis_url()) /* else it is said */
            failed += _cmocka_run_group_tests(by[fx_redis_by], tests, SC_LEN(tests), NULL, NULL);
    return failed;
}
