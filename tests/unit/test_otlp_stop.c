/* The end of the export: a collector that accepts and never answers holds nobody up. Its requests may take an hour, so what is
 * not bounded hangs here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/span.h"
#include "telemetry/otlp.h"

enum { HANG_MS = 60000 };

static int listener;

static bool asked(int fd, int wait_ms) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, wait_ms) == 1;
}

static sc_otlp *started(const char *delay_ms) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    char url[64];
    sc_otlp *o;
    sc_err err = {0};
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(listener, 16), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &n), 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(at.sin_port));
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url, 1);
    setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "3600000", 1);
    setenv("OTEL_METRIC_EXPORT_INTERVAL", "3600000", 1);
    setenv("OTEL_BSP_SCHEDULE_DELAY", delay_ms, 1);
    setenv("no_proxy", "*", 1);
    if (sc_otlp_start("1", &o, &err)) fail_msg("%s", err.msg);
    sc_span s;
    sc_span_begin(&s, "x", SC_SPAN_SERVER, SC_STR("r"));
    sc_span_end(&s, false);
    return o;
}

/* The request has come, and waits. */
static int taken(void) {
    char some[16];
    assert_true(asked(listener, HANG_MS));
    int fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0 && read(fd, some, sizeof some) > 0);
    return fd;
}

static void write_metrics(void *self, sc_buf *out) {
    (void)self;
    sc_buf_puts(out, "# HELP g Now.\n# TYPE g gauge\ng 1\n");
}

static void a_request_that_is_never_answered_ends_with_the_export(void **state) {
    (void)state;
    sc_otlp *o = started("10");
    int fd = taken();
    sc_otlp_stop(o, 100);
    close(fd);
    close(listener);
}

static void requests_made_at_the_end_have_what_is_left_of_its_time(void **state) {
    (void)state;
    sc_otlp *o = started("3600000");
    sc_otlp_set_metrics(o, write_metrics, NULL);
    sc_otlp_stop(o, 100);
    assert_true(asked(listener, 0)); /* it was tried */
    close(listener);
}

static void without_time_nothing_is_asked(void **state) {
    (void)state;
    sc_otlp *o = started("3600000");
    sc_otlp_set_metrics(o, write_metrics, NULL);
    sc_otlp_stop(o, 0);
    assert_false(asked(listener, 0));
    close(listener);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_that_is_never_answered_ends_with_the_export),
        cmocka_unit_test(requests_made_at_the_end_have_what_is_left_of_its_time),
        cmocka_unit_test(without_time_nothing_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
