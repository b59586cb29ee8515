/* The filter of system calls, interpreted: runners/local/seccomp.c. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "base/mem.h"
#include "runners/local/seccomp.h"

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#define OTHER_ARCH AUDIT_ARCH_I386
#else
#define OUR_ARCH AUDIT_ARCH_AARCH64
#define OTHER_ARCH AUDIT_ARCH_ARM
#endif

enum { ALLOWED = 0, KILLED = -1, PRETENDED = -2 };

/* Classic BPF as the kernel runs it for seccomp, the instructions that the filter has. ALLOWED, KILLED, PRETENDED or an errno. */
static int verdict_in(uint32_t arch, uint32_t nr, const uint64_t args[6]) {
    struct sock_filter f[SC_SECCOMP_ROOM];
    size_t n = sc_seccomp_filter(f);
    assert_true(n > 50 && n < SC_SECCOMP_ROOM);
    struct seccomp_data d = {.nr = (int)nr, .arch = arch};
    memcpy(d.args, args, sizeof d.args);
    uint32_t a = 0;
    for (size_t pc = 0; pc < n; pc++) {
        const struct sock_filter *i = &f[pc];
        bool yes = false;
        switch (i->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            assert_true(i->k % 4 == 0 && i->k + 4 <= sizeof d);
            memcpy(&a, (const char *)&d + i->k, 4);
            continue;
        case BPF_RET | BPF_K:
            if (i->k == SECCOMP_RET_ALLOW) return ALLOWED;
            if (i->k == SECCOMP_RET_KILL_PROCESS) return KILLED;
            assert_int_equal(i->k & SECCOMP_RET_ACTION_FULL, SECCOMP_RET_ERRNO);
            return i->k & SECCOMP_RET_DATA ? (int)(i->k & SECCOMP_RET_DATA) : PRETENDED;
        case BPF_JMP | BPF_JEQ | BPF_K: yes = a == i->k; break;
        case BPF_JMP | BPF_JGT | BPF_K: yes = a > i->k; break;
        case BPF_JMP | BPF_JSET | BPF_K: yes = (a & i->k) != 0; break;
        default: fail_msg("instruction %zu: %x", pc, i->code);
        }
        pc += yes ? i->jt : i->jf;
    }
    fail_msg("it runs over its end");
    return KILLED;
}

static int verdict(uint32_t nr, uint64_t a0, uint64_t a1, uint64_t a2) {
    return verdict_in(OUR_ARCH, nr, (const uint64_t[6]){a0, a1, a2, 0, 0, 0});
}

static void another_architecture_is_killed_and_x32_does_not_exist(void **state) {
    (void)state;
    static const uint64_t none[6] = {0};
    assert_int_equal(verdict_in(OTHER_ARCH, SYS_read, none), KILLED);
    assert_int_equal(verdict_in(0, SYS_read, none), KILLED);
    assert_int_equal(verdict(0x40000000U | SYS_read, 0, 0, 0), ENOSYS);
    assert_int_equal(verdict(0x40000000U | SYS_ptrace, 0, 0, 0), ENOSYS);
    assert_int_equal(verdict(UINT32_MAX, 0, 0, 0), ENOSYS);
    assert_int_equal(verdict(463, 0, 0, 0), ENOSYS);
    assert_int_equal(verdict(520, 0, 0, 0), ENOSYS);
}

static void what_reaches_beyond_is_refused(void **state) {
    (void)state;
    static const uint32_t calls[] = {SYS_ptrace,
                                     SYS_process_vm_readv,
                                     SYS_process_vm_writev,
                                     SYS_keyctl,
                                     SYS_add_key,
                                     SYS_request_key,
                                     SYS_bpf,
                                     SYS_perf_event_open,
                                     SYS_userfaultfd,
                                     SYS_mount,
                                     SYS_umount2,
                                     SYS_pivot_root,
                                     SYS_chroot,
                                     SYS_setns,
                                     SYS_open_by_handle_at,
                                     SYS_kexec_load,
                                     SYS_init_module,
                                     SYS_finit_module,
                                     SYS_reboot,
                                     SYS_swapon,
                                     SYS_settimeofday,
                                     SYS_sethostname,
                                     SYS_syslog,
                                     SYS_kcmp,
                                     438,
                                     428,
                                     430,
                                     442,
                                     SYS_move_pages};
    for (size_t i = 0; i < SC_LEN(calls); i++) assert_int_equal(verdict(calls[i], 0, 0, 0), EPERM);
    for (uint32_t nr = 425; nr <= 427; nr++)
        assert_int_equal(verdict(nr, 0, 0, 0), ENOSYS); /* io_uring */
    assert_int_equal(verdict(435, 0, 0, 0), ENOSYS);    /* clone3 */
}

static void namespaces_are_refused_and_threads_and_processes_are_not(void **state) {
    (void)state;
    static const uint64_t namespaces[] = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,   CLONE_NEWNET,
                                          CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};
    for (size_t i = 0; i < SC_LEN(namespaces); i++) {
        assert_int_equal(verdict(SYS_clone, namespaces[i] | 17, 0, 0), EPERM);
        assert_int_equal(verdict(SYS_unshare, namespaces[i], 0, 0), EPERM);
        /* The kernel looks at the lower half alone where it is an int: the upper must not hide it. */
        assert_int_equal(verdict(SYS_unshare, namespaces[i] | (UINT64_C(1) << 40), 0, 0), EPERM);
    }
    assert_int_equal(verdict(SYS_unshare, 0x80, 0, 0), EPERM);
    assert_int_equal(verdict(SYS_unshare, CLONE_FILES, 0, 0), ALLOWED);
    assert_int_equal(verdict(SYS_clone, 17, 0, 0), ALLOWED);
    assert_int_equal(verdict(SYS_clone, 0x3d0f00, 0, 0), ALLOWED); /* pthread_create */
}

static void a_terminals_input_can_not_be_typed(void **state) {
    (void)state;
    assert_int_equal(verdict(SYS_ioctl, 0, TIOCSTI, 0), EPERM);
    assert_int_equal(verdict(SYS_ioctl, 0, TIOCSTI | (UINT64_C(1) << 32), 0), EPERM);
    assert_int_equal(verdict(SYS_ioctl, 0, 0x541C, 0), EPERM);
    assert_int_equal(verdict(SYS_ioctl, 0, TIOCSETD, 0), EPERM);
    assert_int_equal(verdict(SYS_ioctl, 0, TCGETS, 0), ALLOWED);
    assert_int_equal(verdict(SYS_ioctl, 0, TIOCGWINSZ, 0), ALLOWED);
}

static void sockets_are_local_and_of_usual_kinds(void **state) {
    (void)state;
    static const uint32_t calls[] = {SYS_socket, SYS_socketpair};
    for (size_t i = 0; i < SC_LEN(calls); i++) {
        assert_int_equal(verdict(calls[i], AF_UNIX, SOCK_STREAM, 0), ALLOWED);
        assert_int_equal(verdict(calls[i], AF_INET, SOCK_STREAM, 6), ALLOWED);
        assert_int_equal(verdict(calls[i], AF_INET6, SOCK_DGRAM, 0), ALLOWED);
        assert_int_equal(verdict(calls[i], AF_INET, SOCK_STREAM, 132 /* SCTP */), EPROTONOSUPPORT);
        assert_int_equal(verdict(calls[i], AF_INET, SOCK_STREAM, 262 /* MPTCP */), EPROTONOSUPPORT);
        assert_int_equal(verdict(calls[i], AF_NETLINK, SOCK_RAW, 0),
                         ALLOWED); /* addresses: getifaddrs */
        assert_int_equal(verdict(calls[i], AF_NETLINK, SOCK_RAW, 12 /* netfilter */),
                         EPROTONOSUPPORT);
        for (uint64_t family = 0; family < 64; family++)
            if (family != AF_UNIX && family != AF_INET && family != AF_INET6 &&
                family != AF_NETLINK)
                assert_int_equal(verdict(calls[i], family, SOCK_STREAM, 0), EAFNOSUPPORT);
        assert_int_equal(verdict(calls[i], AF_PACKET | (UINT64_C(1) << 32), SOCK_STREAM, 0),
                         EAFNOSUPPORT);
    }
}

static void a_persona_is_the_usual_one(void **state) {
    (void)state;
    assert_int_equal(verdict(SYS_personality, 0, 0, 0), ALLOWED);
    assert_int_equal(verdict(SYS_personality, 0xffffffff, 0, 0), ALLOWED);
    assert_int_equal(verdict(SYS_personality, 0x0040000 /* no address randomisation */, 0, 0),
                     EPERM);
    assert_int_equal(verdict(SYS_personality, 0x0400000 /* readable means executable */, 0, 0),
                     EPERM);
}

static void the_limit_on_core_files_stays(void **state) {
    (void)state;
    assert_int_equal(verdict(SYS_setrlimit, RLIMIT_CORE, 1000, 0), PRETENDED);
    assert_int_equal(verdict(SYS_setrlimit, RLIMIT_CORE | UINT64_C(1) << 32, 1000, 0), PRETENDED);
    assert_int_equal(verdict(SYS_prlimit64, 0, RLIMIT_CORE, 1000), PRETENDED);
    assert_int_equal(verdict(SYS_prlimit64, 7, RLIMIT_CORE, UINT64_C(1) << 40), PRETENDED);
    assert_int_equal(verdict(SYS_prlimit64, 0, RLIMIT_CORE, 0), ALLOWED); /* asking */
    assert_int_equal(verdict(SYS_setrlimit, RLIMIT_NOFILE, 1000, 0), ALLOWED);
    assert_int_equal(verdict(SYS_prlimit64, 0, RLIMIT_STACK, 1000), ALLOWED);
}

static void what_programs_are_made_of_is_allowed(void **state) {
    (void)state;
    static const uint32_t calls[] = {SYS_read,
                                     SYS_write,
                                     SYS_openat,
                                     SYS_mmap,
                                     SYS_execve,
                                     SYS_wait4,
                                     SYS_futex,
                                     SYS_getrandom,
                                     SYS_epoll_pwait,
                                     SYS_inotify_init1,
                                     SYS_statx,
                                     SYS_clock_gettime,
                                     SYS_kill,
                                     SYS_prctl,
                                     SYS_memfd_create,
                                     SYS_pipe2,
                                     SYS_connect,
                                     SYS_bind,
                                     SYS_accept4,
                                     SYS_seccomp,
                                     SYS_io_submit,
                                     SYS_flock,
                                     SYS_renameat2,
                                     SYS_sched_setaffinity,
                                     439,
                                     436};
    for (size_t i = 0; i < SC_LEN(calls); i++) {
        assert_int_equal(verdict(calls[i], 0, 0, 0), ALLOWED);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_architecture_is_killed_and_x32_does_not_exist),
        cmocka_unit_test(what_reaches_beyond_is_refused),
        cmocka_unit_test(namespaces_are_refused_and_threads_and_processes_are_not),
        cmocka_unit_test(a_terminals_input_can_not_be_typed),
        cmocka_unit_test(sockets_are_local_and_of_usual_kinds),
        cmocka_unit_test(a_persona_is_the_usual_one),
        cmocka_unit_test(the_limit_on_core_files_stays),
        cmocka_unit_test(what_programs_are_made_of_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
