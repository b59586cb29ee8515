/* Log lines: base/log.c, read back from a file in stderr's place. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/log.h"

typedef struct capture {
    FILE *file;
    int stderr_was;
} capture;

static void begin(capture *c) {
    c->file = tmpfile();
    assert_non_null(c->file);
    c->stderr_was = dup(STDERR_FILENO);
    assert_true(dup2(fileno(c->file), STDERR_FILENO) >= 0);
}

/* What was written since the last call, into text. */
static size_t written(capture *c, char *text, size_t room) {
    ssize_t n = pread(fileno(c->file), text, room - 1, 0);
    assert_true(n >= 0);
    text[n] = 0;
    assert_int_equal(ftruncate(fileno(c->file), 0), 0);
    assert_int_equal(lseek(STDERR_FILENO, 0, SEEK_SET), 0);
    return (size_t)n;
}

static void end(capture *c) {
    sc_log_setup(SC_LOG_INFO, false);
    dup2(c->stderr_was, STDERR_FILENO);
    close(c->stderr_was);
    fclose(c->file);
}

static size_t lines_in(const char *text) {
    size_t n = 0;
    for (; *text; text++) n += *text == '\n';
    return n;
}

static void a_line_may_wait_but_never_behind_a_later_one(void **state) {
    (void)state;
    char text[4096];
    capture c;
    begin(&c);
    assert_true(sc_log_later(SC_LOG_INFO, "one", SC_F_MS("ms", 1234567)));
    assert_false(sc_log_later(SC_LOG_INFO, "two"));
    assert_int_equal(written(&c, text, sizeof text), 0);
    sc_log(SC_LOG_INFO, "three");
    written(&c, text, sizeof text);
    assert_int_equal(lines_in(text), 3);
    assert_true(strstr(text, "\"one\"") < strstr(text, "\"two\""));
    assert_true(strstr(text, "\"two\"") < strstr(text, "\"three\""));
    assert_non_null(strstr(text, "\"ms\":1234.567"));

    assert_true(sc_log_later(SC_LOG_INFO, "four"));
    sc_log_flush();
    written(&c, text, sizeof text);
    assert_int_equal(lines_in(text), 1);
    end(&c);
}

static void what_is_wrong_does_not_wait_and_neither_does_a_terminal(void **state) {
    (void)state;
    char text[4096];
    capture c;
    begin(&c);
    assert_false(sc_log_later(SC_LOG_ERROR, "bad"));
    assert_true(written(&c, text, sizeof text) > 0);
    sc_log_setup(SC_LOG_WARN, false);
    assert_false(sc_log_later(SC_LOG_INFO, "unwanted"));
    sc_log_flush();
    assert_int_equal(written(&c, text, sizeof text), 0);
    sc_log_setup(SC_LOG_INFO, true);
    assert_false(sc_log_later(SC_LOG_INFO, "on a terminal"));
    written(&c, text, sizeof text);
    assert_non_null(strstr(text, "on a terminal"));
    end(&c);
}

enum { THREADS = 4, EACH = 2000 };

static void *log_many(void *arg) {
    for (int i = 0; i < EACH; i++) {
        sc_log_later(SC_LOG_INFO, "many", SC_F_INT("thread", (intptr_t)arg), SC_F_INT("i", i));
        if (i % 500 == 0) sc_log(SC_LOG_WARN, "seldom", SC_F_INT("i", i));
    }
    return NULL;
}

static void lines_of_many_threads_are_whole_and_in_their_order(void **state) {
    (void)state;
    capture c;
    begin(&c);
    pthread_t t[THREADS];
    for (intptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, log_many, (void *)i), 0);
    for (int i = 0; i < THREADS; i++) pthread_join(t[i], NULL);
    sc_log_flush();
    char line[512];
    int64_t next[THREADS] = {0}, seldom = 0;
    rewind(c.file);
    while (fgets(line, sizeof line, c.file)) {
        SC_AUTO(sc_json_auto) json_t *v = NULL;
        assert_int_equal(sc_json_parse(sc_str_of(line), &v, NULL), SC_OK);
        if (strcmp(sc_json_str_at(v, "event").p, "seldom") == 0) {
            seldom++;
            continue;
        }
        int64_t thread = json_integer_value(json_object_get(v, "thread"));
        assert_in_range(thread, 0, THREADS - 1);
        assert_int_equal(json_integer_value(json_object_get(v, "i")), next[thread]++);
    }
    for (int i = 0; i < THREADS; i++) assert_int_equal(next[i], EACH);
    assert_int_equal(seldom, THREADS * (EACH / 500));
    end(&c);
}

int main(void) {
    sc_json_setup();
    sc_log_setup(SC_LOG_INFO, false);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_may_wait_but_never_behind_a_later_one),
        cmocka_unit_test(what_is_wrong_does_not_wait_and_neither_does_a_terminal),
        cmocka_unit_test(lines_of_many_threads_are_whole_and_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
