/* What fixes may spend: of each, and of all of a project's in a day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "app/fix_internal.h"
#include "fake_upstream.h"
#include "fix_fixture.h"

enum { DAY_MS = 24 * 3600 * 1000, ANSWERS = 60 };

/* A cent for ten tokens. A call is estimated at about 50, and answered with ten. */
#define ASK                                                                                  \
    "curl -sf --unix-socket /run/soulcaster/model.sock -H content-type:application/json -d " \
    "'{\\\"model\\\":\\\"m\\\",\\\"max_tokens\\\":10,\\\"messages\\\":[{\\\"role\\\":"       \
    "\\\"user\\\","                                                                          \
    "\\\"content\\\":\\\"hello\\\"}]}' http://x/v1/chat/completions >/dev/null"
#define AGENT(script, more) \
    "\"agent\":\"custom\",\"command\":[\"sh\",\"-c\",\"" script "; date +%N >>a.txt\"]" more

static fix_fixture f;
static fake_upstream *service;

static sc_rc no_key(void *self, sc_proxy_shape shape, sc_buf *ret, sc_err *err) {
    (void)self, (void)shape, (void)ret, (void)err;
    return SC_OK;
}

static void open_world(const char *settings) {
    static const sc_proxy_model models[] = {{.name = "m", .price_in = 1000000000}};
    static sc_proxy_upstream upstream;
    fix_fixture_open(&f, settings);
    service = fake_upstream_new();
    for (int i = 0; i < ANSWERS; i++)
        fake_upstream_answer(service, FAKE_WHOLE, 200, "Content-Type: application/json\r\n",
                             "{\"choices\":[],\"usage\":{\"prompt_tokens\":10,"
                             "\"completion_tokens\":0}}");
    upstream = (sc_proxy_upstream){.shape = SC_PROXY_OPENAI, .models = models, .n_models = 1};
    upstream.base = sc_arena_printf(&f.app.arena, "%s/v1", fake_upstream_url(service));
    f.app.fix.upstreams = &upstream;
    f.app.fix.n_upstreams = 1;
    f.app.fix.key = no_key;
    fix_restart(&f);
}

static void close_world(void) {
    fix_fixture_close(&f);
    fake_upstream_free(service);
}

static sc_fix_state today(void) {
    sc_fix_state s;
    fix_ok(&f, sc_fix_state_get(f.app.app, &f.app.project.id, &f.app.arena, &s, &f.err));
    return s;
}

static void what_yesterday_cost_is_not_todays(void **state) {
    (void)state;
    open_world(AGENT(ASK, ",\"max_day_usd\":0.08"));
    f.app.now_ms += DAY_MS - f.app.now_ms % DAY_MS - 1000; /* a second to midnight */
    sc_id issue = fix_issue(&f, "Late at night");
    sc_id id = fix_start(&f, &issue);
    sc_fix fix = fix_ended(&f, &id);
    assert_int_equal(fix.status, SC_JOB_success);
    assert_int_equal(fix.cost.micro_usd, 10000);
    assert_int_equal(today().micro_usd_today, 10000);
    f.app.now_ms += 2000;
    fix_keep(&f, &fix); /* it is touched today */
    assert_int_equal(today().micro_usd_today, 0);
    assert_int_equal(today().started_today, 0);
    sc_id other = fix_issue(&f, "Early in the morning, about something else");
    sc_id second = fix_start(&f, &other);
    assert_int_equal(fix_ended(&f, &second).status, SC_JOB_success);
    assert_int_equal(today().micro_usd_today, 10000);
    close_world();
}

static void fixes_at_once_keep_the_days_cap_together(void **state) {
    (void)state;
    open_world(
        AGENT("touch $PWD/../../../began.$$; while [ $(ls ../../../began.* | wc -l) -lt 2 ]; do "
              "sleep 0.01; done; for i in $(seq 40); do " ASK " || exit 9; done",
              ",\"max_day_usd\":0.3,\"concurrency\":2"));
    sc_id issues[] = {fix_issue(&f, "The first of two"), fix_issue(&f, "Another one altogether")};
    sc_id a = fix_start(&f, &issues[0]), b = fix_start(&f, &issues[1]);
    sc_fix one = fix_ended(&f, &a), two = fix_ended(&f, &b);
    assert_int_equal(one.reason, SC_FIX_REASON_budget);
    assert_int_equal(two.reason, SC_FIX_REASON_budget);
    const int64_t both = one.cost.micro_usd + two.cost.micro_usd;
    assert_in_range(both, 200000, 300000);
    assert_int_equal(today().micro_usd_today, both);
    sc_id third = fix_start(&f, &issues[0]); /* there is a little left, too little for a call */
    assert_int_equal(fix_ended(&f, &third).cost.calls, 0);
    fix_settings(&f, AGENT("true", ",\"max_day_usd\":0.2"));
    sc_fix fix;
    sc_fix_ask ask = {.by = SC_STR("ann")};
    assert_int_equal(
        sc_fix_start(f.app.app, &f.app.project.id, &issues[0], &ask, &f.app.arena, &fix, &f.err),
        SC_LIMITED);
    close_world();
}

static void what_a_refused_call_had_set_aside_comes_back(void **state) {
    (void)state;
    open_world(AGENT(ASK, ""));
    fake_upstream_free(service); /* nobody answers there */
    sc_id issue = fix_issue(&f, "Its model is gone");
    sc_id id = fix_start(&f, &issue);
    sc_fix fix = fix_ended(&f, &id);
    assert_int_equal(fix.cost.micro_usd, 0);
    assert_int_equal(today().micro_usd_today, 0);
    fix_fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_yesterday_cost_is_not_todays),
        cmocka_unit_test(fixes_at_once_keep_the_days_cap_together),
        cmocka_unit_test(what_a_refused_call_had_set_aside_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
