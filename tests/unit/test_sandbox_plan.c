/* The sandbox's plan, without any privilege: runners/local/plan.c, refuse.c, plan_check.c, plan_out.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/json.h"
#include "runners/local/plan.h"
#include "runners/local/refuse.h"

static const char *const true_argv[] = {"/usr/bin/true", NULL};
static const char *const hidden[] = {"/srv/data", NULL};

/* A machine that is made up, so that the plan is the same everywhere. */
static sc_local_facts machine(void) {
    sc_local_facts f = {.bwrap = "/usr/bin/bwrap",
                        .self = "/opt/soulcaster/bin/soulcaster",
                        .home = "/home/service"};
    f.top[0].inside = "/bin";
    f.top[0].link = "usr/bin";
    f.top[1].inside = "/lib64";
    f.n_top = 2;
    f.java[0] = "/etc/java-17-openjdk";
    f.n_java = 1;
    return f;
}

static sc_runner_spec plain(void) {
    return (sc_runner_spec){.id = "fix-1",
                            .work_dir = "/srv/data/jobs/1/work",
                            .state_dir = "/srv/data/sandboxes",
                            .remove_dir = "/srv/data/jobs/1",
                            .argv = true_argv,
                            .hidden = hidden};
}

static sc_rc make(const sc_runner_spec *s, sc_arena *arena, sc_plan *ret, sc_err *err) {
    sc_local_facts f = machine();
    sc_rc rc = sc_plan_make(s, &f, arena, ret, err);
    return rc ? rc : sc_plan_check(ret, s->work_dir, err);
}

static sc_rc verdict(const sc_runner_spec *s) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    sc_plan p;
    return make(s, &arena, &p, NULL);
}

/* ---- Golden --------------------------------------------------------------------------------------- */

static const char golden_args[] =
    "--json-status-fd 4 --block-fd 5 --unshare-user --unshare-pid --unshare-net --unshare-ipc "
    "--unshare-uts --unshare-cgroup-try --uid 1000 --gid 1000 --hostname sandbox --cap-drop ALL "
    "--new-session --die-with-parent --clearenv --seccomp 6 --ro-bind /usr /usr --symlink "
    "usr/bin /bin --ro-bind /lib64 /lib64 --dir /etc --ro-bind-try /etc/alternatives "
    "/etc/alternatives --ro-bind-try /etc/ld.so.cache /etc/ld.so.cache --ro-bind-try "
    "/etc/localtime /etc/localtime --ro-bind-try /etc/mime.types /etc/mime.types --ro-bind-try "
    "/etc/protocols /etc/protocols --ro-bind-try /etc/python3 /etc/python3 --ro-bind-try "
    "/etc/services /etc/services --ro-bind-try /etc/ssl/certs /etc/ssl/certs --ro-bind-try "
    "/etc/ssl/openssl.cnf /etc/ssl/openssl.cnf --ro-bind-try /etc/pki/tls/certs "
    "/etc/pki/tls/certs --ro-bind /etc/java-17-openjdk /etc/java-17-openjdk --perms 0444 --file "
    "8 /etc/passwd --perms 0444 --file 9 /etc/group --perms 0444 --file 10 /etc/hosts --perms "
    "0444 --file 11 /etc/nsswitch.conf --proc /proc --dev /dev --size 536870912 --tmpfs "
    "/dev/shm --size 1073741824 --tmpfs /tmp --size 1073741824 --tmpfs /home/agent --dir /var "
    "--symlink /tmp /var/tmp --dir /run/soulcaster --ro-bind /srv/tools /opt/tools --bind-fd 7 "
    "/workspace --perms 0600 --file 12 /home/agent/.agent --ro-bind /srv/data/jobs/1/model.sock "
    "/run/soulcaster/model.sock --ro-bind /opt/soulcaster/bin/soulcaster "
    "/run/soulcaster/bin/soulcaster --remount-ro /proc --remount-ro /dev --remount-ro / "
    "--setenv PATH /usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin --setenv HOME "
    "/home/agent --setenv USER agent --setenv LANG C.UTF-8 --setenv TMPDIR /tmp --setenv "
    "LSAN_OPTIONS detect_leaks=0 --setenv KEY dummy --chdir /workspace ";

static sc_runner_spec full(void) {
    static const sc_runner_bind binds[] = {{"/srv/tools", "/opt/tools"}};
    static const sc_runner_file files[] = {{"/home/agent/.agent", {"x", 1}}};
    static const sc_runner_socket sockets[] = {
        {"/srv/data/jobs/1/model.sock", "/run/soulcaster/model.sock"}};
    static const char *const env[] = {"KEY=dummy", NULL};
    sc_runner_spec s = plain();
    s.binds = binds;
    s.files = files;
    s.sockets = sockets;
    s.n_binds = s.n_files = s.n_sockets = 1;
    s.env = env;
    s.forward = (sc_runner_forward){8099, "/run/soulcaster/model.sock"};
    return s;
}

static void a_full_spec_gives_these_arguments(void **state) {
    (void)state;
    SC_AUTO(sc_arena_done) sc_arena arena;
    SC_AUTO(sc_buf_done) sc_buf out;
    sc_arena_init(&arena, 1 << 20);
    sc_buf_init(&out, 1 << 16);
    sc_plan p;
    sc_err err = {0};
    sc_runner_spec s = full();
    if (make(&s, &arena, &p, &err)) fail_msg("%s", err.msg);
    assert_true(sc_plan_args(&p, &out));
    for (size_t i = 0; i < out.n; i++)
        if (!out.p[i]) out.p[i] = ' ';
    assert_string_equal(out.p, golden_args);
    const char *const *command;
    static const char *const golden_command[] = {
        "/run/soulcaster/bin/soulcaster", "sandbox", "forward",      "--port", "8099", "--socket",
        "/run/soulcaster/model.sock",     "--",      "/usr/bin/true"};
    assert_int_equal(sc_plan_command(&p, &arena, &command, NULL), SC_OK);
    for (size_t i = 0; i < SC_LEN(golden_command); i++)
        assert_string_equal(command[i], golden_command[i]);
    assert_null(command[SC_LEN(golden_command)]);
}

static void it_is_printed_for_people_and_for_programs(void **state) {
    (void)state;
    SC_AUTO(sc_arena_done) sc_arena arena;
    SC_AUTO(sc_buf_done) sc_buf out;
    sc_arena_init(&arena, 1 << 20);
    sc_buf_init(&out, 1 << 16);
    sc_plan p;
    sc_runner_spec s = full();
    static const char *const odd[] = {"sh", "-c", "echo \x1b[2J", NULL};
    s.argv = odd;
    assert_int_equal(make(&s, &arena, &p, NULL), SC_OK);
    assert_true(sc_plan_text(&p, &out));
    assert_non_null(
        strstr(out.p, "work tree       /srv/data/jobs/1/work as /workspace (can be written)\n"));
    assert_non_null(strstr(out.p, "limit           pids 512\n"));
    assert_non_null(strstr(out.p, "read-only       /srv/tools as /opt/tools\n"));
    assert_null(strchr(out.p, 0x1b));
    sc_buf_reset(&out);
    assert_true(sc_plan_json(&p, &out));
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    assert_int_equal(sc_json_parse(sc_buf_str(&out), &v, NULL), SC_OK);
    assert_int_equal(json_array_size(json_object_get(v, "steps")), p.n);
}

/* ---- What is refused ------------------------------------------------------------------------------ */

static void paths_are_plain_or_refused(void **state) {
    (void)state;
    static const char *const good[] = {"/a", "/a/b.c", "/a/..b", "/\xc3\xa9/x y"};
    static const char *const bad[] = {"",      "/",      "a",       "./a",   "/a/",
                                      "//a",   "/a//b",  "/a/../b", "/a/..", "/./a",
                                      "/a\nb", "/a\x7f", "/a\tb"};
    for (size_t i = 0; i < SC_LEN(good); i++) assert_true(sc_path_plain(good[i]));
    for (size_t i = 0; i < SC_LEN(bad); i++) assert_false(sc_path_plain(bad[i]));
    assert_true(sc_path_within("/a/b", "/a") && sc_path_within("/a", "/a") &&
                sc_path_within("/a", "/"));
    assert_false(sc_path_within("/ab", "/a") || sc_path_within("/", "/a"));
}

static void what_would_lay_something_open_is_not_shown(void **state) {
    (void)state;
    static const char *const bad[] = {"/",
                                      "/etc",
                                      "/etc/ssh",
                                      "/proc/1",
                                      "/sys",
                                      "/dev/sda",
                                      "/run/docker.sock",
                                      "/home",
                                      "/home/service",
                                      "/root",
                                      "/var",
                                      "/usr",
                                      "/srv",
                                      "/srv/data",
                                      "/srv/data/other",
                                      "/srv/data/jobs/1/work/x",
                                      "/home/service/.ssh",
                                      "/home/service/x/.aws/keys",
                                      "/opt/../etc",
                                      "relative",
                                      "/opt/x/",
                                      ""};
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        const sc_runner_bind bind[] = {{bad[i], "/opt/x"}};
        sc_runner_spec s = plain();
        s.binds = bind;
        s.n_binds = 1;
        if (verdict(&s) != SC_INVALID) fail_msg("%s was not refused", bad[i]);
    }
    static const char *const good[] = {"/opt/go", "/usr/local/lib", "/home/service/.nvm",
                                       "/var/cache/npm", "/srv/tools"};
    for (size_t i = 0; i < SC_LEN(good); i++) {
        const sc_runner_bind bind[] = {{good[i], "/opt/x"}};
        sc_runner_spec s = plain();
        s.binds = bind;
        s.n_binds = 1;
        if (verdict(&s) != SC_OK) fail_msg("%s was refused", good[i]);
    }
}

static void nothing_is_put_over_what_protects(void **state) {
    (void)state;
    static const char *const bad[] = {
        "/",           "/usr",          "/usr/local",      "/etc/passwd",
        "/etc",        "/proc",         "/dev/null",       "/sys",
        "/tmp",        "/tmp/x",        "/workspace",      "/workspace/.git",
        "/home/agent", "/home/agent/x", "/run/soulcaster", "/run/soulcaster/bin/soulcaster",
        "/bin",        "/lib64/x",      "/var/x",          "/home/service/other"};
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        const sc_runner_bind bind[] = {{"/srv/tools", bad[i]}};
        sc_runner_spec s = plain();
        s.binds = bind;
        s.n_binds = 1;
        if (verdict(&s) != SC_INVALID) fail_msg("%s was not refused", bad[i]);
    }
    const sc_runner_bind own[] = {
        {"/home/service/.nvm", "/home/service/.nvm"}}; /* where it is: it knows its own path */
    sc_runner_spec s = plain();
    s.binds = own;
    s.n_binds = 1;
    assert_int_equal(verdict(&s), SC_OK);
}

static void two_things_do_not_lie_over_each_other(void **state) {
    (void)state;
    static const sc_runner_bind twice[][2] = {{{"/srv/a", "/opt/x"}, {"/srv/b", "/opt/x"}},
                                              {{"/srv/a", "/opt/x"}, {"/srv/b", "/opt/x/y"}},
                                              {{"/srv/a", "/opt/x/y"}, {"/srv/b", "/opt/x"}}};
    for (size_t i = 0; i < SC_LEN(twice); i++) {
        sc_runner_spec s = plain();
        s.binds = twice[i];
        s.n_binds = 2;
        assert_int_equal(verdict(&s), SC_INVALID);
    }
    static const char *const bad[] = {"/run/soulcaster",     "/run/soulcaster/bin/soulcaster",
                                      "/run/soulcaster/bin", "/etc/passwd",
                                      "/home/agent",         "/home/agent/../x",
                                      "/workspace/x",        "/tmp/x"};
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        const sc_runner_file file[] = {{bad[i], {"x", 1}}};
        sc_runner_spec s = plain();
        s.files = file;
        s.n_files = 1;
        if (verdict(&s) != SC_INVALID) fail_msg("%s was not refused", bad[i]);
    }
}

static void the_work_tree_is_no_more_than_that(void **state) {
    (void)state;
    static const char *const bad[] = {"/",
                                      "/usr",
                                      "/usr/x",
                                      "/etc/x",
                                      "/home",
                                      "/home/service",
                                      "/srv/data",
                                      "/srv",
                                      "/tmp",
                                      "/var",
                                      "/run",
                                      "/proc/1",
                                      "x",
                                      "/srv/data/sandboxes",
                                      "/srv/data/../x"};
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        sc_runner_spec s = plain();
        s.remove_dir = NULL;
        s.work_dir = bad[i];
        if (verdict(&s) != SC_INVALID) fail_msg("%s was not refused", bad[i]);
        s = plain();
        s.remove_dir = bad[i];
        if (verdict(&s) != SC_INVALID) fail_msg("%s was not refused", bad[i]);
    }
    sc_runner_spec s = plain();
    s.remove_dir = "/srv/data/jobs/2";
    assert_int_equal(verdict(&s), SC_INVALID);
    s = plain();
    s.state_dir = "/srv/data/jobs/1/state";
    assert_int_equal(verdict(&s), SC_INVALID);
}

static void ids_names_ports_and_limits_make_sense(void **state) {
    (void)state;
    static const char *const ids[] = {"", "A", "a/b", "..", "a b", NULL};
    for (size_t i = 0; i < SC_LEN(ids); i++) {
        sc_runner_spec s = plain();
        s.id = ids[i];
        assert_int_equal(verdict(&s), SC_INVALID);
    }
    static const char *const bad_env[] = {"=x", "noequals", "A B=x", "1A=x", "A-B=x"};
    for (size_t i = 0; i < SC_LEN(bad_env); i++) {
        const char *const env[] = {bad_env[i], NULL};
        sc_runner_spec s = plain();
        s.env = env;
        assert_int_equal(verdict(&s), SC_INVALID);
    }
    sc_runner_spec s = full();
    s.forward.port = 80;
    assert_int_equal(verdict(&s), SC_INVALID);
    s.forward = (sc_runner_forward){8099, "/run/soulcaster/other.sock"};
    assert_int_equal(verdict(&s), SC_INVALID);
    s = plain();
    s.limits.memory_bytes = 1;
    assert_int_equal(verdict(&s), SC_INVALID);
    s.limits = (sc_runner_limits){.wall_ms = -1};
    assert_int_equal(verdict(&s), SC_INVALID);
    static const char *const nothing[] = {NULL};
    s = plain();
    s.argv = nothing;
    assert_int_equal(verdict(&s), SC_INVALID);
}

/* ---- The check finds what the maker would do wrong ------------------------------------------------- */

static void a_broken_plan_is_found(void **state) {
    (void)state;
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    sc_plan p;
    sc_runner_spec s = plain();
    assert_int_equal(make(&s, &arena, &p, NULL), SC_OK);
    sc_plan_step *steps = sc_arena_take_array(&arena, p.n + 1, sizeof *steps);
    for (size_t left_out = 0; left_out < p.n; left_out++) { /* without any one of these steps */
        sc_plan_kind k = p.steps[left_out].kind;
        if (k != SC_PLAN_NAMESPACES && k != SC_PLAN_USER && k != SC_PLAN_CAPS &&
            k != SC_PLAN_SESSION && k != SC_PLAN_FILTER && k != SC_PLAN_SEAL && k != SC_PLAN_WORK &&
            k != SC_PLAN_LIMIT && k != SC_PLAN_PROC)
            continue;
        memcpy(steps, p.steps, left_out * sizeof *steps);
        memcpy(steps + left_out, p.steps + left_out + 1, (p.n - left_out - 1) * sizeof *steps);
        const sc_plan broken = {.steps = steps, .n = p.n - 1, .limits = p.limits, .bwrap = p.bwrap};
        assert_int_equal(sc_plan_check(&broken, s.work_dir, NULL), SC_INTERNAL);
    }
    static const sc_plan_step wrong[] = {
        {.kind = SC_PLAN_WORK, .a = "/srv/other", .b = "/opt/x"},
        {.kind = SC_PLAN_RO, .a = "/srv/x", .b = "/usr"},
        {.kind = SC_PLAN_RO, .a = "/srv/x", .b = "/usr/lib"},
        {.kind = SC_PLAN_RO, .a = "/srv/x", .b = "/workspace/.git"},
        {.kind = SC_PLAN_RO, .a = "/srv/../x", .b = "/opt/x"},
        {.kind = SC_PLAN_RO, .a = "/", .b = "/opt/x"},
        {.kind = SC_PLAN_TMPFS, .b = "/opt/x", .n = 0},
        {.kind = SC_PLAN_RO, .a = "/srv/x", .b = "/opt/../x"},
        {.kind = SC_PLAN_DATA, .b = "/opt/x", .fd = 3},
        {.kind = SC_PLAN_LINK, .a = "/x", .b = "/home"},
    };
    size_t at = 0;
    while (p.steps[at].kind != SC_PLAN_SEAL) at++;
    for (size_t i = 0; i < SC_LEN(wrong);
         i++) { /* with one of these before the seals, or after them */
        for (int late = 0; late < 2; late++) {
            size_t where = late ? p.n : at;
            memcpy(steps, p.steps, where * sizeof *steps);
            steps[where] = wrong[i];
            memcpy(steps + where + 1, p.steps + where, (p.n - where) * sizeof *steps);
            const sc_plan broken = {
                .steps = steps, .n = p.n + 1, .limits = p.limits, .bwrap = p.bwrap};
            if (sc_plan_check(&broken, s.work_dir, NULL) != SC_INTERNAL)
                fail_msg("step %zu was not found", i);
        }
    }
}

int main(void) {
    sc_json_setup();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_spec_gives_these_arguments),
        cmocka_unit_test(it_is_printed_for_people_and_for_programs),
        cmocka_unit_test(paths_are_plain_or_refused),
        cmocka_unit_test(what_would_lay_something_open_is_not_shown),
        cmocka_unit_test(nothing_is_put_over_what_protects),
        cmocka_unit_test(two_things_do_not_lie_over_each_other),
        cmocka_unit_test(the_work_tree_is_no_more_than_that),
        cmocka_unit_test(ids_names_ports_and_limits_make_sense),
        cmocka_unit_test(a_broken_plan_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
