/* Running a program: proc/proc.c. The programs are the system's shell and its tools. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proc/proc.h"

typedef struct heard {
    sc_buf out, err;
    _Atomic bool stop;
    const char *stop_at; /* the flag is set when this was said */
    int ticks;
} heard;

static void listen_to(void *self, sc_proc_stream stream, sc_str bytes) {
    heard *h = self;
    sc_buf_put_str(stream == SC_PROC_OUT ? &h->out : &h->err, bytes);
    if (h->stop_at && sc_str_find(sc_buf_str(&h->out), sc_str_of(h->stop_at)) != SIZE_MAX)
        h->stop = true;
}

static heard *quiet(void) {
    static heard h;
    sc_buf_done(&h.out);
    sc_buf_done(&h.err);
    h = (heard){.stop_at = NULL};
    sc_buf_init(&h.out, 8 << 20);
    sc_buf_init(&h.err, 8 << 20);
    return &h;
}

static sc_proc_spec shell(heard *h, const char *const argv[4]) {
    return (sc_proc_spec){.argv = argv, .output = listen_to, .self = h};
}
#define SHELL(script) ((const char *const[]){"/bin/sh", "-c", script, NULL})

static bool said(const heard *h, const char *what) {
    return sc_str_find(sc_buf_str(&h->out), sc_str_of(what)) != SIZE_MAX;
}

/* ---- What it gets --------------------------------------------------------------------------------- */

static void gets_its_arguments_environment_folder_and_input_and_nothing_else(void **state) {
    (void)state;
    setenv("SC_TEST_CANARY", "leaked", 1);
    static const char *const env[] = {"ONE=1", "TWO=two words", NULL};
    heard *h = quiet();
    sc_proc_spec s = shell(h, SHELL("env; pwd; cat; echo problem >&2; exit 3"));
    s.env = env;
    s.cwd = "/usr";
    s.input = SC_STR("what it reads\n");
    sc_proc_end end;
    assert_int_equal(sc_proc_run(&s, &end, NULL), SC_OK);
    assert_int_equal(end.exit, 3);
    assert_int_equal(end.signal, 0);
    assert_null(end.ended_for);
    assert_true(said(h, "ONE=1\n") && said(h, "TWO=two words\n") && said(h, "/usr\n"));
    assert_true(said(h, "what it reads\n"));
    assert_false(said(h, "CANARY"));
    assert_false(said(h, "HOME="));
    assert_string_equal(h->err.p, "problem\n");
}

static void inherits_no_descriptor_that_was_not_named(void **state) {
    (void)state;
    heard *h = quiet();
    int leaky = open("/dev/null", O_RDONLY),
        named = memfd_create("named", 0); /* without O_CLOEXEC, on purpose */
    assert_true(leaky >= 3 && named >= 3);
    assert_int_equal(write(named, "inside", 6), 6);
    lseek(named, 0, SEEK_SET);
    const sc_proc_fd fds[] = {{named, 9}};
    sc_proc_spec s = shell(h, SHELL("ls /proc/$$/fd; cat <&9"));
    s.fds = fds;
    s.n_fds = 1;
    sc_proc_end end;
    assert_int_equal(sc_proc_run(&s, &end, NULL), SC_OK);
    assert_string_equal(h->out.p, "0\n1\n2\n9\ninside");
    close(leaky);
    close(named);
}

static void descriptors_may_trade_places(void **state) {
    (void)state;
    heard *h = quiet();
    int a = memfd_create("a", MFD_CLOEXEC), b = memfd_create("b", MFD_CLOEXEC);
    assert_int_equal(write(a, "A", 1) + write(b, "B", 1), 2);
    lseek(a, 0, SEEK_SET);
    lseek(b, 0, SEEK_SET);
    const sc_proc_fd fds[] = {{a, b}, {b, a}};
    char script[64];
    snprintf(script, sizeof script, "cat /proc/self/fd/%d /proc/self/fd/%d", a, b);
    sc_proc_spec s = shell(h, SHELL(script));
    s.fds = fds;
    s.n_fds = 2;
    sc_proc_end end;
    assert_int_equal(sc_proc_run(&s, &end, NULL), SC_OK);
    assert_string_equal(h->out.p, "BA");
    close(a);
    close(b);
}

static void no_signal_of_ours_is_ignored_or_blocked_in_it(void **state) {
    (void)state;
    sigset_t set, was;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, &was);
    signal(SIGPIPE, SIG_IGN);
    heard *h = quiet();
    sc_proc_spec s = shell(h, SHELL("grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -d '\\n\\t'"));
    sc_proc_end end;
    assert_int_equal(sc_proc_run(&s, &end, NULL), SC_OK);
    assert_string_equal(h->out.p, "SigBlk:0000000000000000SigIgn:0000000000000000");
    signal(SIGPIPE, SIG_DFL);
    pthread_sigmask(SIG_SETMASK, &was, NULL);
}

static void limits_are_its_own_from_the_start(void **state) {
    (void)state;
    heard *h = quiet();
    static const sc_proc_limit limits[] = {{RLIMIT_NOFILE, 37, 5}, {RLIMIT_CORE, 0, 0}};
    sc_proc_spec s = shell(h, SHELL("ulimit -Sn; ulimit -Hn; ulimit -c"));
    s.limits = limits;
    s.n_limits = 2;
    sc_proc_end end;
    assert_int_equal(sc_proc_run(&s, &end, NULL), SC_OK);
    assert_string_equal(h->out.p, "37\n42\n0\n");
}

static void gives_way(int by, bool session_too) {
    heard *h = quiet();
    sc_proc_spec s =
        shell(h, SHELL("nice; cat /proc/self/oom_score_adj; cat /proc/self/autogroup"));
    s.nice = by;
    s.first_to_die = true;
    sc_proc_end end;
    assert_int_equal(sc_proc_run(&s, &end, NULL), SC_OK);
    int nice_now = -1, score = -1, together = -1;
    int n = sscanf(h->out.p, "%d\n%d\n/autogroup-%*d nice %d", &nice_now, &score, &together);
    assert_in_range(n, 2, 3); /* not every kernel has groups of sessions */
    assert_int_equal(nice_now, SC_MIN(getpriority(PRIO_PROCESS, 0) + by, 19));
    assert_int_equal(score, 1000);
    if (n == 3 && session_too) assert_int_equal(together, nice_now);
}

static void can_be_made_to_give_way(void **state) {
    (void)state;
    gives_way(7, true);
    /* ten times a second, for who is not root */
    for (int by = 1; by <= 19; by++) gives_way(by, geteuid() == 0);
}

static void has_a_session_of_its_own(void **state) {
    (void)state;
    heard *h = quiet();
    sc_proc_spec s = shell(h, SHELL("cut -d' ' -f 5,6 /proc/$$/stat; echo $$"));
    sc_proc_end end;
    assert_int_equal(sc_proc_run(&s, &end, NULL), SC_OK);
    int group = 0, session = 0, pid = 0;
    assert_int_equal(sscanf(h->out.p, "%d %d\n%d", &group, &session, &pid), 3);
    assert_int_equal(group, pid);
    assert_int_equal(session, pid);
}

/* ---- How it ends ---------------------------------------------------------------------------------- */

static void a_program_that_is_not_there_is_named(void **state) {
    (void)state;
    sc_err err = {0};
    sc_proc_end end;
    const char *const missing[] = {"/nowhere/to/be/found", NULL},
                      *const unknown[] = {"no-such-program-here", NULL},
                      *const plain[] = {"/etc/passwd", NULL}, *const none[] = {NULL};
    assert_int_equal(sc_proc_run(&(sc_proc_spec){.argv = missing}, &end, &err), SC_NOT_FOUND);
    assert_non_null(strstr(err.msg, "/nowhere/to/be/found"));
    assert_int_equal(sc_proc_run(&(sc_proc_spec){.argv = unknown}, &end, &err), SC_NOT_FOUND);
    assert_int_equal(sc_proc_run(&(sc_proc_spec){.argv = plain}, &end, &err), SC_NOT_FOUND);
    assert_int_equal(sc_proc_run(&(sc_proc_spec){.argv = none}, &end, &err), SC_INVALID);
    const char *const ok[] = {"true", NULL};
    assert_int_equal(sc_proc_run(&(sc_proc_spec){.argv = ok, .cwd = "/nowhere"}, &end, &err),
                     SC_NOT_FOUND);
    assert_int_equal(sc_proc_run(&(sc_proc_spec){.argv = ok}, &end, &err), SC_OK);
}

static void a_signal_is_told(void **state) {
    (void)state;
    sc_proc_end end;
    sc_proc_spec s = shell(quiet(), SHELL("kill -SEGV $$"));
    assert_int_equal(sc_proc_run(&s, &end, NULL), SC_OK);
    assert_int_equal(end.exit, -1);
    assert_int_equal(end.signal, SIGSEGV);
    assert_null(end.ended_for);
}

static void its_time_is_limited_even_where_it_ignores_sigterm(void **state) {
    (void)state;
    sc_proc_end end;
    heard *h = quiet();
    sc_proc_spec s = shell(h, SHELL("trap '' TERM; echo on; while :; do sleep 1; done"));
    s.timeout_ms = 100;
    s.grace_ms = 50;
    assert_int_equal(sc_proc_run(&s, &end, NULL), SC_OK);
    assert_string_equal(end.ended_for, SC_PROC_TIMEOUT);
    assert_int_equal(end.signal, SIGKILL);
}

static void sigterm_comes_first_where_there_is_grace(void **state) {
    (void)state;
    sc_proc_end end;
    heard *h = quiet();
    h->stop_at = "on";
    sc_proc_spec s =
        shell(h, SHELL("trap 'echo tidied; exit 5' TERM; echo on; while :; do sleep 0.01; done"));
    s.stop = &h->stop;
    s.grace_ms = 60000;
    assert_int_equal(sc_proc_run(&s, &end, NULL), SC_OK);
    assert_string_equal(end.ended_for, SC_PROC_STOPPED);
    assert_int_equal(end.exit, 5);
    assert_true(said(h, "tidied"));
}

static void its_output_is_cut_at_the_limit_and_it_is_ended(void **state) {
    (void)state;
    sc_proc_end end;
    heard *h = quiet();
    sc_proc_spec s = shell(h, SHELL("yes"));
    s.max_output_bytes = 1000001;
    assert_int_equal(sc_proc_run(&s, &end, NULL), SC_OK);
    assert_string_equal(end.ended_for, SC_PROC_OUTPUT);
    assert_int_equal(h->out.n, 1000001);
}

static const char *third_tick(void *self) {
    return ++((heard *)self)->ticks == 3 ? "enough" : NULL;
}

static void a_tick_may_end_it_with_its_own_word(void **state) {
    (void)state;
    sc_proc_end end;
    sc_proc_spec s = shell(quiet(), SHELL("sleep 1000"));
    s.tick = third_tick;
    s.tick_ms = 1;
    assert_int_equal(sc_proc_run(&s, &end, NULL), SC_OK);
    assert_string_equal(end.ended_for, "enough");
}

/* Gone, or dead and waiting for init to fetch it. */
static bool is_dead(long pid) {
    char path[64], text[512] = "";
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *f = fopen(path, "r");
    if (!f) return true;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    const char *at = n ? strrchr(text, ')') : NULL;
    return !at || at[2] == 'Z' || at[2] == 'X';
}

static void what_it_left_in_its_group_ends_with_it(void **state) {
    (void)state;
    sc_proc_end end;
    heard *h = quiet();
    sc_proc_spec s = shell(h, SHELL("sleep 1000 & echo $!; sleep 1000 & echo $!; exit 0"));
    assert_int_equal(sc_proc_run(&s, &end, NULL), SC_OK);
    assert_int_equal(end.exit, 0);
    long left[2];
    assert_int_equal(sscanf(h->out.p, "%ld\n%ld", &left[0], &left[1]), 2);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 5000 && !is_dead(left[i]); k++) poll(NULL, 0, 1);
    assert_true(is_dead(left[0]) && is_dead(left[1]));
}

static void all_output_of_an_ended_program_arrives(void **state) {
    (void)state;
    sc_proc_end end;
    for (int i = 0; i < 20; i++) {
        heard *h = quiet();
        sc_proc_spec s = shell(h, SHELL("head -c 300000 /dev/zero; head -c 70000 /dev/zero >&2"));
        assert_int_equal(sc_proc_run(&s, &end, NULL), SC_OK);
        assert_int_equal(h->out.n, 300000);
        assert_int_equal(h->err.n, 70000);
    }
}

static void no_descriptor_and_no_child_is_left_whatever_fails(void **state) {
    (void)state;
    int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(before);
    const char *const ok[] = {"true", NULL}, *const missing[] = {"/nowhere", NULL};
    sc_proc_end end;
    for (uint64_t nth = 1; nth < 4; nth++) {
        sc_mem_fail_after(nth);
        sc_proc_run(&(sc_proc_spec){.argv = ok}, &end, NULL);
        sc_mem_fail_after(0);
    }
    sc_proc_run(&(sc_proc_spec){.argv = missing, .input = SC_STR("x")}, &end, NULL);
    int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(after, before);
    close(after);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* ---- Threads -------------------------------------------------------------------------------------- */

static void *many(void *failures) {
    for (int i = 0; i < 20; i++) {
        heard h = {.stop_at = NULL};
        sc_buf_init(&h.out, 100);
        sc_buf_init(&h.err, 100);
        sc_proc_spec s = shell(&h, SHELL("echo $PPID >&2; cat"));
        s.input = SC_STR("hello");
        sc_proc_end end;
        if (sc_proc_run(&s, &end, NULL) || end.exit || !said(&h, "hello"))
            ++*(_Atomic int *)failures;
        sc_buf_done(&h.out);
        sc_buf_done(&h.err);
    }
    return NULL;
}

static void many_threads_may_run_programs_at_once(void **state) {
    (void)state;
    _Atomic int failures = 0;
    pthread_t t[4];
    for (size_t i = 0; i < SC_LEN(t); i++)
        assert_int_equal(pthread_create(&t[i], NULL, many, &failures), 0);
    for (size_t i = 0; i < SC_LEN(t); i++) pthread_join(t[i], NULL);
    assert_int_equal(failures, 0);
}

/* ---- Beside it ------------------------------------------------------------------------------------ */

static void a_process_is_known_by_its_start(void **state) {
    (void)state;
    uint64_t own = sc_proc_start_time(getpid());
    assert_true(own > 0);
    assert_int_equal(sc_proc_start_time(getpid()), own);
    assert_int_equal(sc_proc_start_time(0x7fffffff), 0);
}

static void beginning_and_end_of_an_output_are_kept(void **state) {
    (void)state;
    for (size_t step = 1; step < 9000; step = step * 2 + 1) {
        sc_proc_keep k;
        sc_proc_keep_init(&k, 1000);
        char all[10000];
        for (size_t i = 0; i < sizeof all; i++) all[i] = (char)('a' + i % 26);
        for (size_t at = 0; at < sizeof all; at += step)
            sc_proc_keep_put(&k, (sc_str){all + at, SC_MIN(step, sizeof all - at)});
        SC_AUTO(sc_buf_done) sc_buf text;
        sc_buf_init(&text, 20000);
        assert_true(sc_proc_keep_text(&k, &text));
        static const char middle[] = "\n[6952 bytes left out]\n";
        assert_int_equal(text.n, 1000 + strlen(middle) + 2048);
        assert_memory_equal(text.p, all, 1000);
        assert_memory_equal(text.p + 1000, middle, strlen(middle));
        assert_memory_equal(text.p + text.n - 2048, all + sizeof all - 2048, 2048);
        sc_proc_keep_done(&k);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gets_its_arguments_environment_folder_and_input_and_nothing_else),
        cmocka_unit_test(inherits_no_descriptor_that_was_not_named),
        cmocka_unit_test(descriptors_may_trade_places),
        cmocka_unit_test(no_signal_of_ours_is_ignored_or_blocked_in_it),
        cmocka_unit_test(limits_are_its_own_from_the_start),
        cmocka_unit_test(can_be_made_to_give_way),
        cmocka_unit_test(has_a_session_of_its_own),
        cmocka_unit_test(a_program_that_is_not_there_is_named),
        cmocka_unit_test(a_signal_is_told),
        cmocka_unit_test(its_time_is_limited_even_where_it_ignores_sigterm),
        cmocka_unit_test(sigterm_comes_first_where_there_is_grace),
        cmocka_unit_test(its_output_is_cut_at_the_limit_and_it_is_ended),
        cmocka_unit_test(a_tick_may_end_it_with_its_own_word),
        cmocka_unit_test(what_it_left_in_its_group_ends_with_it),
        cmocka_unit_test(all_output_of_an_ended_program_arrives),
        cmocka_unit_test(no_descriptor_and_no_child_is_left_whatever_fails),
        cmocka_unit_test(many_threads_may_run_programs_at_once),
        cmocka_unit_test(a_process_is_known_by_its_start),
        cmocka_unit_test(beginning_and_end_of_an_output_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
