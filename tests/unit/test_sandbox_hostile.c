/* What a hostile program tries in the sandbox: it says ESCAPED when something works. runners/local, for real. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox_fixture.h"

/* A script must come to its end (DONE) and nothing of it may have worked. */
static void try_in_vain(boxed *b, const char *what, const char *script) {
    sc_runner_spec s = boxed_script(b, script);
    boxed_run(b, &s);
    bool escaped = boxed_said(b, "ESCAPED"), done = boxed_said(b, "DONE");
    if (escaped || !done)
        print_error("%s: exit %d%s%s\n%s%s\n", what, b->end.exit,
                    b->end.killed_for ? ", killed for " : "",
                    b->end.killed_for ? b->end.killed_for : "", b->out.p ? b->out.p : "",
                    b->err.p ? b->err.p : "");
    assert_false(escaped);
    assert_true(done);
}

/* Python with the C library at hand; sc(nr, ...) is a system call, tried(what, result) says what worked. */
#define PYTHON(body)                                                                               \
    "exec python3 - <<'END'\n"                                                                     \
    "import ctypes, errno, os, socket, struct, fcntl, platform\n"                                  \
    "libc = ctypes.CDLL(None, use_errno=True)\n"                                                   \
    "X = platform.machine() == 'x86_64'\n"                                                         \
    "def sc(nr, *a):\n"                                                                            \
    "    r = libc.syscall(ctypes.c_long(nr), *[ctypes.c_long(v) if isinstance(v, int) else v for " \
    "v in a])\n"                                                                                   \
    "    return r if r >= 0 else -ctypes.get_errno()\n"                                            \
    "def worked(what, r):\n"                                                                       \
    "    if r >= 0: print('ESCAPED', what, r)\n"                                                   \
    "def attempt(what, f):\n"                                                                      \
    "    try: r = f()\n"                                                                           \
    "    except OSError: return\n"                                                                 \
    "    print('ESCAPED', what, r)\n" body "\nprint('DONE')\nEND\n"

static void nothing_outside_the_work_tree_can_be_written(void **state) {
    try_in_vain(
        *state, "writing",
        "for f in / /usr /usr/bin /usr/lib /etc /etc/ssl /bin /lib /dev /proc /run /run/soulcaster"
        " /run/soulcaster/bin /var /home /opt; do (echo x > $f/new) 2>/dev/null && echo ESCAPED "
        "$f; done;"
        "for f in /etc/passwd /etc/hosts /usr/bin/env /run/soulcaster/bin/soulcaster "
        "/proc/sys/kernel/hostname"
        " /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/self/oom_score_adj; do"
        " (: >> $f) 2>/dev/null && echo ESCAPED $f; done;"
        "rm -rf /usr/bin/env /etc/passwd 2>/dev/null; test -e /usr/bin/env || echo ESCAPED rm; "
        "echo DONE");
}

static void the_machine_is_not_to_be_seen(void **state) {
    try_in_vain(
        *state, "looking",
        "for f in /sys/kernel /root /boot /var/log /var/lib /home/* /etc/shadow /etc/ssh "
        "/etc/machine-id /run/user"
        " /run/docker.sock /var/run /etc/resolv.conf /etc/environment /mnt /media /srv "
        "/proc/kcore; do"
        " test -e $f && test $f != /home/agent && test -r $f && echo ESCAPED $f; done;"
        "n=$(ls -d /proc/[0-9]* | wc -l); test $n -gt 8 && echo ESCAPED $n processes;"
        "test $(cat /proc/sys/kernel/hostname) = sandbox || echo ESCAPED hostname;"
        "grep -q '^Seccomp:.2' /proc/self/status || echo ESCAPED unfiltered;"
        "grep -q '^NoNewPrivs:.1' /proc/self/status || echo ESCAPED privileges;"
        "grep '^Cap' /proc/self/status | grep -v 0000000000000000 && echo ESCAPED capabilities;"
        "ls /dev | grep -vxE "
        "'core|fd|full|null|ptmx|pts|random|shm|std(in|out|err)|tty|urandom|zero|console'"
        " && echo ESCAPED devices; echo DONE");
}

static void the_network_is_empty(void **state) {
    boxed *b = *state;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct sockaddr_storage tcp;
    socklen_t n = sizeof tcp;
    /* Ours, on the machine's loopback and under an abstract name. */
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
        local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(listen(listener, 4), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&tcp, &n), 0);
    unsigned port = (unsigned)(((unsigned char *)&tcp)[2] << 8 | ((unsigned char *)&tcp)[3]);
    int words =
        snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "sc-hostile-%ld", (long)getpid());
    assert_int_equal(bind(local, (struct sockaddr *)&name,
                          (socklen_t)(sizeof name.sun_family + 1 + (size_t)words)),
                     0);
    assert_int_equal(listen(local, 4), 0);
    char script[4096];
    snprintf(
        script, sizeof script, "P=%u N=%s; export P N; %s", port, name.sun_path + 1,
        PYTHON("def tcp(host): s = socket.create_connection((host, int(os.environ['P'])), 2); "
               "return 'connected'\n"
               "attempt('loopback', lambda: tcp('127.0.0.1'))\n"
               "attempt('any', lambda: tcp('0.0.0.0'))\n"
               "attempt('out', lambda: socket.create_connection(('192.0.2.1', 80), 2))\n"
               "attempt('metadata', lambda: socket.create_connection(('169.254.169.254', 80), 2))\n"
               "attempt('name', lambda: socket.getaddrinfo('example.com', 80))\n"
               "u = socket.socket(socket.AF_UNIX)\n"
               "attempt('abstract', lambda: u.connect('\\0' + os.environ['N']))\n"
               "for kind in (2, 3): attempt('raw', lambda: socket.socket(socket.AF_INET, "
               "socket.SOCK_RAW, 1))\n"
               "for family in range(64):\n"
               "    if family not in (1, 2, 10, 16): attempt('family %d' % family, lambda: "
               "socket.socket(family, 2))\n"
               "for proto in range(1, 23): attempt('netlink %d' % proto, lambda: socket.socket(16, "
               "3, proto))\n"
               "if any(i != 'lo' for _, i in socket.if_nameindex()): print('ESCAPED interfaces')"));
    try_in_vain(b, "network", script);
    close(listener);
    close(local);
}

static void the_kernels_doors_are_shut(void **state) {
    try_in_vain(
        *state, "system calls",
        PYTHON(
            "buf = ctypes.create_string_buffer(4096)\n"
            "worked('ptrace', sc(101 if X else 117, 16, os.getppid(), 0, 0))\n"
            "worked('ptrace init', sc(101 if X else 117, 16, 1, 0, 0))\n"
            "worked('process_vm_readv', sc(310 if X else 270, 1, buf, 0, buf, 0, 0))\n"
            "worked('keyctl', sc(250 if X else 219, 0, -3, 1))\n"
            "worked('add_key', sc(248 if X else 217, b'user', b'x', b'y', 1, -3))\n"
            "worked('bpf', sc(321 if X else 280, 0, buf, 64))\n"
            "worked('perf', sc(298 if X else 241, buf, 0, -1, -1, 0))\n"
            "worked('userfaultfd', sc(323 if X else 282, 0))\n"
            "worked('io_uring', sc(425, 4, buf))\n"
            "worked('clone3', sc(435, buf, 88))\n"
            "worked('mount', sc(165 if X else 40, b'none', b'/tmp', b'tmpfs', 0, 0))\n"
            "worked('umount', sc(166 if X else 39, b'/usr', 2))\n"
            "worked('chroot', sc(161 if X else 51, b'/tmp'))\n"
            "worked('setns', sc(308 if X else 268, os.open('/proc/self/ns/net', 0), 0))\n"
            "worked('fsopen', sc(430, b'proc', 0))\n"
            "worked('open_tree', sc(428, -100, b'/', 1))\n"
            "worked('open_by_handle', sc(304 if X else 265, 3, buf, 0))\n"
            "worked('kexec', sc(246 if X else 104, 0, 0, 0, 0))\n"
            "worked('syslog', sc(103 if X else 116, 10, 0, 0))\n"
            "worked('sethostname', sc(170 if X else 161, b'x', 1))\n"
            "worked('pidfd_getfd', sc(438, 3, 0, 0))\n"
            "for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x8000000, 0x4000000, "
            "0x2000000, 0x80):\n"
            "    worked('unshare %x' % flag, libc.unshare(flag))\n"
            "for nr in (463, 500, 548, 0x40000000): worked('call %x' % nr, sc(nr, 0))\n"
            "attempt('device', lambda: os.mknod('/workspace/disk', 0o60600, os.makedev(254, 0)))\n"
            "attempt('device', lambda: os.mknod('/tmp/mem', 0o20600, os.makedev(1, 1)))\n"
            "m, s = os.openpty()\n"
            "attempt('TIOCSTI', lambda: fcntl.ioctl(s, 0x5412, b'x'))\n"
            "attempt('tty', lambda: os.open('/dev/tty', os.O_RDWR))\n"
            "attempt('setuid', lambda: os.setuid(0))\n"
            "attempt('setgroups', lambda: os.setgroups([0]))"));
}

static void programs_with_more_rights_give_none(void **state) {
    try_in_vain(
        *state, "setuid",
        "for f in $(find /usr -xdev -perm /6000 -type f 2>/dev/null | head -50); do :; done;"
        "test $(id -u) = 1000 || echo ESCAPED uid;"
        "su root -c 'echo ESCAPED su' </dev/null 2>/dev/null;"
        "unshare -U true 2>/dev/null && echo ESCAPED unshare;"
        "unshare -r id -u 2>/dev/null | grep -x 0 && echo ESCAPED root;"
        "mount -t tmpfs none /tmp 2>/dev/null && echo ESCAPED mount;"
        "cp /usr/bin/id ./id && chmod 4755 ./id 2>/dev/null; test $(./id -u) = 1000 || echo "
        "ESCAPED own setuid;"
        "bwrap --ro-bind / / true 2>/dev/null && echo ESCAPED nested; echo DONE");
}

static void links_in_the_work_tree_lead_nowhere(void **state) {
    boxed *b = *state;
    char secret[128], link[128];
    snprintf(secret, sizeof secret, "%s/secret", b->top);
    FILE *f = fopen(secret, "w");
    fputs("top secret", f);
    fclose(f);
    snprintf(link, sizeof link, "%s/there-before", b->work);
    assert_int_equal(symlink(secret, link), 0);
    char script[1024];
    snprintf(script, sizeof script,
             "ln -s %s mine; ln -s ../secret up; ln -s ../../../../.. far; ln -s / root;"
             "for f in there-before mine up far%s root%s; do cat $f 2>/dev/null && echo ESCAPED "
             "$f; done;"
             "(echo changed > there-before) 2>/dev/null && echo ESCAPED write; echo DONE",
             secret, secret, secret);
    try_in_vain(b, "links", script);
    char text[32] = "";
    f = fopen(secret, "r");
    assert_non_null(fgets(text, sizeof text, f));
    fclose(f);
    assert_string_equal(text, "top secret");
    sc_runner_spec s =
        boxed_script(b, "echo again"); /* what it left does not trouble the next run */
    boxed_run(b, &s);
    assert_string_equal(b->out.p, "again\n");
}

/* ---- Canaries: in our environment, arguments, files, descriptors and sockets ---------------------------- */

#define CANARY "SC-CANARY-5c0ffee"

static pid_t child_with_canary(void) {
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execlp("sleep", "sleep-" CANARY, "1000", (char *)NULL);
        _exit(127);
    }
    return pid;
}

static void no_canary_is_found_inside(void **state) {
    boxed *b = *state;
    char file[128];
    setenv("SC_TEST_SECRET", CANARY, 1);
    snprintf(file, sizeof file, "%s/" CANARY, b->top);
    FILE *f = fopen(file, "w");
    fputs(CANARY, f);
    fclose(f);
    snprintf(file, sizeof file, "%s/%s", b->remove, "beside-the-work-tree");
    f = fopen(file, "w");
    fputs(CANARY, f);
    fclose(f);
    int memory = memfd_create(CANARY, 0),
        open_file = open(file, O_RDONLY); /* both without O_CLOEXEC, on purpose */
    assert_int_equal(write(memory, CANARY, sizeof CANARY - 1), sizeof CANARY - 1);
    pid_t child = child_with_canary();
    /* The program itself (bin/soulcaster is this test) knows the word; the pattern is put together inside, so that the script does not find itself. */
    try_in_vain(b, "canaries",
                "C=SC-CANARY-5c0; C=${C}ffee; found() { echo ESCAPED $1; };"
                "env | grep -q $C && found environment;"
                "for p in /proc/[0-9]*; do"
                " tr '\\0' '\\n' < $p/environ 2>/dev/null | grep -q $C && found $p/environ;"
                " tr '\\0' '\\n' < $p/cmdline 2>/dev/null | grep -v CANARY-5c0 | grep -q $C && "
                "found $p/cmdline;"
                " ls -l $p/fd 2>/dev/null | grep -q $C && found $p/fd;"
                " for d in $p/fd/*; do timeout 1 head -c 1000 $d 2>/dev/null </dev/null | grep -q "
                "$C && found $d; done;"
                " grep -qs $C $p/mountinfo $p/maps $p/cgroup && found $p; done;"
                "grep -rqs --exclude=soulcaster $C /tmp /home /run /var /opt /workspace /etc "
                "/dev/shm && found files;"
                "find / -xdev -name \"*$C*\" 2>/dev/null | grep . && found names;"
                "grep -qs $C /proc/net/unix /proc/keys && found net;"
                "ls /proc/self/fd | grep -vxE '0|1|2|3' && found descriptors; echo DONE");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    unsetenv("SC_TEST_SECRET");
    close(memory);
    close(open_file);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, boxed_begin, boxed_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(nothing_outside_the_work_tree_can_be_written),
        TEST(the_machine_is_not_to_be_seen),
        TEST(the_network_is_empty),
        TEST(the_kernels_doors_are_shut),
        TEST(programs_with_more_rights_give_none),
        TEST(links_in_the_work_tree_lead_nowhere),
        TEST(no_canary_is_found_inside),
    };
    return boxed_main("a hostile program", tests, SC_LEN(tests));
}
