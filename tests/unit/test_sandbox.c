/* What the sandbox gives, keeps and ends: runners/local, for real. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/tree.h"
#include "proc/proc.h"
#include "sandbox_fixture.h"

/* ---- What it gives -------------------------------------------------------------------------------- */

static void a_program_runs_in_the_work_tree_and_its_changes_stay(void **state) {
    boxed *b = *state;
    sc_runner_spec s = boxed_script(b, "pwd; echo hello > made; echo words >&2; exit 7");
    boxed_run(b, &s);
    assert_int_equal(b->end.exit, 7);
    assert_null(b->end.killed_for);
    assert_string_equal(b->out.p, "/workspace\n");
    assert_string_equal(b->err.p, "words\n");
    char made[128];
    struct stat st;
    snprintf(made, sizeof made, "%s/made", b->work);
    assert_int_equal(stat(made, &st), 0);
    assert_int_equal(st.st_uid, geteuid());
}

static void files_binds_and_variables_are_where_the_spec_puts_them(void **state) {
    boxed *b = *state;
    char shown[128];
    snprintf(shown, sizeof shown, "%s/shown", b->top);
    assert_int_equal(mkdir(shown, 0755), 0);
    const sc_runner_bind binds[] = {{shown, "/opt/shown"}};
    const sc_runner_file files[] = {{"/home/agent/.config/agent.json", SC_STR("{\"a\":1}")},
                                    {"/run/soulcaster/plan.md", SC_STR("the plan")}};
    static const char *const env[] = {"ONE=1", "PATH=/usr/bin", "ODD=a b\nc", NULL};
    sc_runner_spec s = boxed_script(
        b, "cat ~/.config/agent.json /run/soulcaster/plan.md; echo \" $ONE $PATH $ODD\";"
           "echo more >> ~/.config/agent.json && echo home;"
           "(echo no >> /run/soulcaster/plan.md) 2>/dev/null || echo kept;"
           "(touch /opt/shown/x) 2>/dev/null || echo shown");
    s.binds = binds;
    s.n_binds = 1;
    s.files = files;
    s.n_files = 2;
    s.env = env;
    boxed_run(b, &s);
    assert_string_equal(b->out.p, "{\"a\":1}the plan 1 /usr/bin a b\nc\nhome\nkept\nshown\n");
}

static void a_socket_of_ours_can_be_spoken_to(void **state) {
    boxed *b = *state;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s/model.sock", b->top);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(listener, 4), 0);
    const sc_runner_socket sockets[] = {{at.sun_path, "/run/soulcaster/model.sock"}};
    sc_runner_spec s =
        boxed_script(b, "python3 -c 'import socket\ns=socket.socket(socket.AF_UNIX)\n"
                        "s.connect(\"/run/soulcaster/model.sock\")\ns.send(b\"hello\")'");
    s.sockets = sockets;
    s.n_sockets = 1;
    boxed_run(b, &s);
    assert_int_equal(b->end.exit, 0);
    int fd = accept(listener, NULL, NULL);
    char text[8] = "";
    assert_int_equal(read(fd, text, 5), 5);
    assert_string_equal(text, "hello");
    close(fd);
    close(listener);
}

static void what_can_not_run_is_told_apart(void **state) {
    boxed *b = *state;
    static const char *const missing[] = {"/nowhere/agent", NULL};
    sc_runner_spec s = boxed_script(b, "true");
    s.argv = missing;
    assert_int_equal(boxed_try(b, &s, NULL), SC_NOT_FOUND);
    s = boxed_script(b, "true");
    s.id = "../up";
    assert_int_equal(boxed_try(b, &s, NULL), SC_INVALID);
    s = boxed_script(b, "true");
    const sc_runner_bind nothing[] = {{"/opt/not-there-at-all", "/opt/x"}};
    s.binds = nothing;
    s.n_binds = 1;
    assert_int_equal(boxed_try(b, &s, NULL), SC_NOT_FOUND);
    char left[128];
    snprintf(left, sizeof left, "%s/test.json", b->state);
    assert_int_equal(access(left, F_OK), -1);
}

static void a_work_tree_behind_a_link_is_refused(void **state) {
    boxed *b = *state;
    char link[128], through[128];
    snprintf(link, sizeof link, "%s/link", b->top);
    snprintf(through, sizeof through, "%s/link/work", b->top);
    assert_int_equal(symlink(b->remove, link), 0);
    sc_runner_spec s = boxed_script(b, "true");
    s.work_dir = through;
    assert_int_equal(boxed_try(b, &s, NULL), SC_INVALID);
    assert_non_null(strstr(b->why.msg, "is really"));
}

static void a_bind_is_judged_by_where_it_leads(void **state) {
    boxed *b = *state;
    char link[128];
    snprintf(link, sizeof link, "%s/innocent", b->top);
    assert_int_equal(symlink("/etc", link), 0);
    const sc_runner_bind binds[] = {{link, "/opt/x"}};
    sc_runner_spec s = boxed_script(b, "true");
    s.binds = binds;
    s.n_binds = 1;
    assert_int_equal(boxed_try(b, &s, NULL), SC_INVALID);
    assert_non_null(strstr(b->why.msg, "/etc"));
}

/* ---- What it keeps within limits --------------------------------------------------------------------- */

/* As hardened services are started. */
static void a_hard_limit_of_no_core_files_is_lived_with(void **state) {
    boxed *b = *state;
    char first = 0;
    int fd = open("/proc/sys/kernel/core_pattern", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && read(fd, &first, 1) == 1);
    close(fd);
    pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit none = {0, 0};
        sc_runner_spec s = boxed_script(b, "ulimit -c 0; ulimit -c");
        sc_rc rc = setrlimit(RLIMIT_CORE, &none) ? SC_IO : boxed_try(b, &s, NULL);
        bool right = first == '|' ? rc == SC_UNPROCESSABLE : !rc && boxed_said(b, "0");
        if (!right) fprintf(stderr, "%s %s\n", sc_rc_name(rc), b->why.msg);
        _exit(right ? 0 : 1);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

static void run_to_the_limit(boxed *b, const char *script, sc_runner_limits limits,
                             const char *killed_for) {
    sc_runner_spec s = boxed_script(b, script);
    if (!limits.wall_ms) limits.wall_ms = 60000;
    s.limits = limits;
    boxed_run(b, &s);
    if (!b->end.killed_for || strcmp(b->end.killed_for, killed_for))
        print_error("%s: exit %d, killed for %s\n%s%s\n", script, b->end.exit,
                    b->end.killed_for ? b->end.killed_for : "nothing", b->out.p ? b->out.p : "",
                    b->err.p ? b->err.p : "");
    assert_non_null(b->end.killed_for);
    assert_string_equal(b->end.killed_for, killed_for);
}

static void time_ends_it(void **state) {
    run_to_the_limit(*state, "trap '' TERM INT HUP; while :; do sleep 1; done",
                     (sc_runner_limits){.wall_ms = 300}, SC_RUNNER_TIMEOUT);
}

static void processor_time_ends_it(void **state) {
    run_to_the_limit(*state, "exec python3 -c 'while 1: pass'", (sc_runner_limits){.cpu_s = 1},
                     SC_RUNNER_CPU);
}

static void memory_ends_it(void **state) {
    run_to_the_limit(*state,
                     "exec python3 -c 'import time\nx=[]\nfor i in range(3000): "
                     "x.append(b\"x\"*1000000)\ntime.sleep(60)'",
                     (sc_runner_limits){.memory_bytes = 256 << 20}, SC_RUNNER_MEMORY);
}

static void a_fork_bomb_ends_it(void **state) {
    run_to_the_limit(*state,
                     "exec python3 -c 'import os, time\nwhile 1:\n try: os.fork()\n except "
                     "OSError: time.sleep(60)'",
                     (sc_runner_limits){.pids = 64}, SC_RUNNER_PIDS);
}

static void a_full_disk_ends_it(void **state) {
    boxed *b = *state;
    run_to_the_limit(b,
                     "mkdir d; i=0; while :; do head -c 1000000 /dev/zero > d/$i; i=$((i+1)); done",
                     (sc_runner_limits){.disk_bytes = 20 << 20}, SC_RUNNER_DISK);
    run_to_the_limit(
        b, "n=0; while [ $n -lt 300 ]; do mkdir e && cd e; n=$((n+1)); done 2>/dev/null; sleep 60",
        (sc_runner_limits){.disk_bytes = 20 << 20}, SC_RUNNER_DISK);
}

static void memory_as_a_disk_is_full_at_its_size(void **state) {
    boxed *b = *state;
    sc_runner_spec s = boxed_script(
        b, "for d in /tmp $HOME /dev/shm; do"
           " head -c 200000000 /dev/zero > $d/x 2>/dev/null && echo $d took it; rm -f $d/x; done;"
           "for d in / /dev /etc /run /var /home /opt /proc; do"
           " (echo > $d/x) 2>/dev/null && echo $d took it; done; echo done");
    s.limits = (sc_runner_limits){.memory_bytes = 400 << 20, .wall_ms = 60000};
    boxed_run(b, &s);
    assert_string_equal(b->out.p, "done\n");
}

static void one_file_is_not_larger_than_the_disk(void **state) {
    boxed *b = *state;
    sc_runner_spec s = boxed_script(b, "truncate -s 1T sparse 2>/dev/null; wc -c < sparse");
    s.limits = (sc_runner_limits){.disk_bytes = 20 << 20, .wall_ms = 60000};
    boxed_run(b, &s);
    assert_true(boxed_said(b, "0\n"));
}

static void a_flood_of_output_ends_it(void **state) {
    boxed *b = *state;
    run_to_the_limit(b, "head -c 1000000000 /dev/zero", (sc_runner_limits){.output_bytes = 1 << 20},
                     SC_RUNNER_OUTPUT);
    assert_int_equal(b->out.n, 1 << 20);
}

/* ---- How it ends --------------------------------------------------------------------------------------- */

typedef struct stopper {
    boxed *b;
    _Atomic bool stop, over;
} stopper;

/* Sets the flag when the program says, through the work tree, that it is on. */
static void *stop_when_on(void *self) {
    stopper *s = self;
    char on[128];
    snprintf(on, sizeof on, "%s/on", s->b->work);
    while (access(on, F_OK) && !s->over) poll(NULL, 0, 2);
    s->stop = true;
    return NULL;
}

/* Processes of this machine whose command line holds the mark; a zombie has none. */
static size_t count_marked(const char *mark) {
    size_t n = 0;
    DIR *d = opendir("/proc");
    for (struct dirent *e; (e = readdir(d));) {
        char path[300], text[8192];
        if (e->d_name[0] < '1' || e->d_name[0] > '9') continue;
        snprintf(path, sizeof path, "/proc/%s/cmdline", e->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text);
        if (fd >= 0) close(fd);
        if (got > 0 && sc_str_find((sc_str){text, (size_t)got}, sc_str_of(mark)) != SIZE_MAX) n++;
    }
    closedir(d);
    return n;
}

static void stopping_empties_the_tree_whatever_it_does(void **state) {
    boxed *b = *state;
    static const char *const scripts[] = {
        "trap '' TERM INT HUP QUIT; touch on; while :; do sleep 1; done # sc-mark-%s",
        "for i in 1 2 3 4 5; do setsid sh -c \"trap '' TERM HUP; while :; do sleep 1; done # "
        "sc-mark-%s\" & done;"
        " (setsid setsid sleep 1000 &) & touch on; sleep 1000",
        "echo '#!/bin/sh\n#sc-mark-%s\nsetsid $0 &' > again; chmod 755 again; ./again & touch on; "
        "sleep 1000",
    };
    for (size_t i = 0; i < SC_LEN(scripts); i++) {
        char script[512], mark[64];
        snprintf(mark, sizeof mark, "%ld-%zu", (long)getpid(), i);
        sc_buf text;
        sc_buf_init(&text, sizeof script);
        sc_str rest = sc_str_of(scripts[i]), part;
        for (bool first = true; sc_str_next(&rest, '%', &part); first = false) {
            if (!first) { /* "%s": the mark in its place */
                sc_buf_puts(&text, mark);
                part.p++;
                part.n--;
            }
            sc_buf_put_str(&text, part);
        }
        snprintf(script, sizeof script, "%.*s", SC_FMT(sc_buf_str(&text)));
        sc_buf_done(&text);
        stopper stop = {.b = b};
        pthread_t t;
        assert_int_equal(pthread_create(&t, NULL, stop_when_on, &stop), 0);
        sc_runner_spec s = boxed_script(b, script);
        sc_rc rc = boxed_try(b, &s, &stop.stop);
        stop.over = true;
        pthread_join(t, NULL);
        if (rc) print_error("%s\n", b->why.msg);
        assert_int_equal(rc, SC_OK);
        assert_string_equal(b->end.killed_for, SC_RUNNER_STOPPED);
        snprintf(script, sizeof script, "sc-mark-%s", mark);
        assert_int_equal(count_marked(script), 0);
        snprintf(script, sizeof script, "%s/on", b->work);
        unlink(script);
    }
}

static void what_a_program_left_behind_ends_with_it(void **state) {
    boxed *b = *state;
    char script[256], mark[64];
    snprintf(mark, sizeof mark, "sc-mark-%ld-left", (long)getpid());
    snprintf(script, sizeof script, "setsid sh -c 'sleep 1000 # %s' >/dev/null 2>&1 & echo left",
             mark);
    sc_runner_spec s = boxed_script(b, script);
    boxed_run(b, &s);
    assert_int_equal(b->end.exit, 0);
    assert_int_equal(count_marked(mark), 0);
}

static void one_id_runs_once_at_a_time(void **state) {
    boxed *b = *state;
    stopper stop = {.b = b};
    sc_runner_spec s = boxed_script(b, "touch on; sleep 1000");
    pid_t pid = fork();
    if (pid == 0) {
        _Atomic bool never = false;
        _exit(boxed_try(b, &s, &never) == SC_OK ? 0 : 1);
    }
    stop_when_on(&stop);
    assert_int_equal(boxed_try(b, &s, NULL), SC_CONFLICT);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    s = boxed_script(b, "echo again"); /* the owner is dead: its record is no hindrance */
    boxed_run(b, &s);
    assert_string_equal(b->out.p, "again\n");
}

static void a_dead_owners_sandbox_is_swept_and_a_living_ones_is_not(void **state) {
    boxed *b = *state;
    char script[128], mark[64], other[128];
    snprintf(mark, sizeof mark, "sc-mark-%ld-swept", (long)getpid());
    snprintf(script, sizeof script, "touch on; sleep 1000 # %s", mark);
    stopper stop = {.b = b};
    sc_runner_spec s = boxed_script(b, script);
    s.remove_dir = b->remove;
    pid_t pid = fork();
    if (pid == 0) {
        _Atomic bool never = false;
        boxed_try(b, &s, &never);
        _exit(0);
    }
    stop_when_on(&stop);
    size_t n = 9;
    assert_int_equal(sc_runner_local.sweep(b->self, b->state, &n, NULL), SC_OK);
    assert_int_equal(n, 0);
    assert_int_equal(access(b->work, F_OK), 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(sc_runner_local.sweep(b->self, b->state, &n, &b->why), SC_OK);
    assert_int_equal(n, 1);
    assert_int_equal(access(b->remove, F_OK), -1);
    assert_int_equal(count_marked(mark), 0);
    assert_int_equal(sc_runner_local.sweep(b->self, b->state, &n, NULL), SC_OK);
    assert_int_equal(n, 0);
    snprintf(other, sizeof other, "%s/none", b->top);
    assert_int_equal(sc_runner_local.sweep(b->self, other, &n, NULL), SC_OK);
}

static void a_record_that_names_someone_else_ends_nobody(void **state) {
    boxed *b = *state;
    pid_t innocent = fork();
    if (innocent == 0) {
        pause();
        _exit(0);
    }
    char path[128], text[256];
    assert_int_equal(mkdir(b->state, 0700), 0);
    snprintf(path, sizeof path, "%s/old.json", b->state);
    FILE *f = fopen(path, "w"); /* this very pid, but of another moment */
    snprintf(text, sizeof text,
             "{\"world\":\"?\",\"pid\":%ld,\"start\":%llu,\"groups\":[\"/tmp\"],\"remove\":\"\"}",
             (long)innocent, (unsigned long long)sc_proc_start_time(innocent) - 1);
    fputs(text, f);
    fclose(f);
    size_t n = 0;
    assert_int_equal(sc_runner_local.sweep(b->self, b->state, &n, &b->why),
                     SC_INVALID); /* /tmp is no group of ours */
    assert_int_equal(kill(innocent, 0), 0);
    kill(innocent, SIGKILL);
    waitpid(innocent, NULL, 0);
}

static void nothing_is_left_of_a_run(void **state) {
    boxed *b = *state;
    sc_runner_spec s = boxed_script(b, "true");
    boxed_run(b, &s);
    int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(before);
    for (int i = 0; i < 3; i++) boxed_run(b, &s);
    int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(after);
    assert_int_equal(after, before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    sc_tree_size size;
    assert_int_equal(sc_tree_measure(b->state, 0, 0, &size, NULL), SC_OK);
    assert_int_equal(size.entries, 0);
}

static void any_allocation_may_fail(void **state) {
    boxed *b = *state;
    char record[128];
    snprintf(record, sizeof record, "%s/test.json", b->state);
    sc_runner_spec s = boxed_script(b, "true");
    boxed_run(b, &s);
    int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(before);
    for (uint64_t nth = 1, made = 1; made >= nth; nth++) {
        sc_mem_fail_after(nth);
        sc_rc rc = boxed_try(b, &s, NULL);
        made = sc_mem_fail_after(0);
        if (rc != SC_OK && rc != SC_NOMEM)
            fail_msg("allocation %d: %s, %s", (int)nth, sc_rc_name(rc), b->why.msg);
        assert_int_equal(access(record, F_OK), -1);
        assert_true(nth < 200);
    }
    int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(after);
    assert_int_equal(after, before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, boxed_begin, boxed_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_program_runs_in_the_work_tree_and_its_changes_stay),
        TEST(files_binds_and_variables_are_where_the_spec_puts_them),
        TEST(a_socket_of_ours_can_be_spoken_to),
        TEST(what_can_not_run_is_told_apart),
        TEST(a_work_tree_behind_a_link_is_refused),
        TEST(a_bind_is_judged_by_where_it_leads),
        TEST(a_hard_limit_of_no_core_files_is_lived_with),
        TEST(time_ends_it),
        TEST(processor_time_ends_it),
        TEST(memory_ends_it),
        TEST(a_fork_bomb_ends_it),
        TEST(a_full_disk_ends_it),
        TEST(memory_as_a_disk_is_full_at_its_size),
        TEST(one_file_is_not_larger_than_the_disk),
        TEST(a_flood_of_output_ends_it),
        TEST(stopping_empties_the_tree_whatever_it_does),
        TEST(what_a_program_left_behind_ends_with_it),
        TEST(one_id_runs_once_at_a_time),
        TEST(a_dead_owners_sandbox_is_swept_and_a_living_ones_is_not),
        TEST(a_record_that_names_someone_else_ends_nobody),
        TEST(nothing_is_left_of_a_run),
        TEST(any_allocation_may_fail),
    };
    return boxed_main("sandbox", tests, SC_LEN(tests));
}
