/* What every store promises of the lead: one holder at a time, whoever else wants it, and it outlives nobody for long. */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "store_fixture.h"

#define ONE SC_STR("one")
#define TWO SC_STR("two")

enum { LONG_MS = 60000, SHORT_MS = 150, PATIENCE_S = 30 };

static sc_rc take(sc_fx *f, const sc_store *s, sc_str who, int64_t ms) {
    return s->ops->lead_take(s->self, who, ms, &f->err);
}

/* Another store on the same data, as another process has it. */
static sc_store other(sc_fx *f) {
    sc_store s;
    fx_ok(f, sc_store_open(f->ops, fx_conf(f), &s, &f->err));
    return s;
}

/* Tries until it is had; fails when that never happens. */
static void take_in_time(sc_fx *f, const sc_store *s, sc_str who) {
    const time_t end = time(NULL) + PATIENCE_S;
    sc_rc rc = SC_CONFLICT;
    while (rc == SC_CONFLICT && time(NULL) < end) rc = take(f, s, who, LONG_MS);
    fx_ok(f, rc);
}

static void one_at_a_time_leads(void **state) {
    sc_fx *f = *state;
    sc_store s = other(f);
    fx_ok(f, take(f, &f->store, ONE, LONG_MS));
    fx_ok(f, take(f, &f->store, ONE, LONG_MS));
    fx_rc(f, take(f, &s, TWO, LONG_MS), SC_CONFLICT);
    fx_rc(f, take(f, &f->store, TWO, LONG_MS), SC_CONFLICT);
    fx_ok(f, s.ops->lead_drop(s.self, TWO, &f->err)); /* it is not his to give up */
    fx_rc(f, take(f, &s, TWO, LONG_MS), SC_CONFLICT);
    sc_store_close(&s);
}

static void who_gives_it_up_is_followed_at_once(void **state) {
    sc_fx *f = *state;
    sc_store s = other(f);
    fx_ok(f, take(f, &f->store, ONE, LONG_MS));
    fx_ok(f, f->ops->lead_drop(f->s, ONE, &f->err));
    fx_ok(f, take(f, &s, TWO, LONG_MS));
    fx_rc(f, take(f, &f->store, ONE, LONG_MS), SC_CONFLICT);
    sc_store_close(&s);
}

static void a_lead_needs_an_owner_and_a_time(void **state) {
    sc_fx *f = *state;
    fx_rc(f, take(f, &f->store, SC_STR_NONE, LONG_MS), SC_INVALID);
    fx_rc(f, take(f, &f->store, ONE, 0), SC_INVALID);
}

static void the_lead_moves_no_change_token(void **state) {
    sc_fx *f = *state;
    int64_t before, after;
    fx_ok(f, f->ops->change_token(f->s, &before, &f->err));
    fx_ok(f, take(f, &f->store, ONE, LONG_MS));
    fx_ok(f, f->ops->lead_drop(f->s, ONE, &f->err));
    fx_ok(f, f->ops->change_token(f->s, &after, &f->err));
    assert_int_equal(before, after);
}

/* Killed, it says nothing; where the store cannot see that, its time runs out. */
static void a_killed_leader_is_followed(void **state) {
    sc_fx *f = *state;
    int told[2];
    char had = 0;
    assert_int_equal(pipe(told), 0);
    pid_t pid = fork();
    if (!pid) {
        sc_store s;
        had = sc_store_open(f->ops, fx_conf(f), &s, NULL) == SC_OK &&
              take(f, &s, TWO, SHORT_MS) == SC_OK;
        if (write(told[1], &had, 1) != 1) _exit(1);
        for (;;) pause();
    }
    assert_int_equal(read(told[0], &had, 1), 1);
    assert_true(had);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    take_in_time(f, &f->store, ONE);
    close(told[0]);
    close(told[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        fx_test(one_at_a_time_leads),
        fx_test(who_gives_it_up_is_followed_at_once),
        fx_test(a_lead_needs_an_owner_and_a_time),
        fx_test(the_lead_moves_no_change_token),
        fx_test(a_killed_leader_is_followed),
    };
    return fx_run(tests);
}
