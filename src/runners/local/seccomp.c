#include "runners/local/seccomp.h"

#include <assert.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/mem.h"

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef OUR_ARCH

enum { NEWEST = 462 }; /* mseal, Linux 6.10 */

/* By number where a C library's headers may be older than the kernel; from 424 on all processors count alike. */
static const unsigned refused[] = {
    /* other processes */
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    438 /* pidfd_getfd */,
    440 /* process_madvise */,
    SYS_move_pages,
    SYS_migrate_pages,
    /* keys */
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    /* the kernel's programmable parts */
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_fanotify_init,
    447 /* memfd_secret */,
    /* mounts and namespaces */
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_setns,
    428 /* open_tree */,
    429 /* move_mount */,
    430 /* fsopen */,
    431 /* fsconfig */,
    432 /* fsmount */,
    433 /* fspick */,
    442 /* mount_setattr */,
    457 /* statmount */,
    458 /* listmount */,
    SYS_quotactl,
    443 /* quotactl_fd */,
    /* files by handle */
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    /* the machine */
    SYS_kexec_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_adjtimex,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_syslog,
    SYS_vhangup,
    SYS_lookup_dcookie,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#if defined(__x86_64__)
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
    SYS_uselib,
    SYS_ustat,
    SYS_sysfs,
    SYS__sysctl,
    SYS_create_module,
    SYS_get_kernel_syms,
    SYS_query_module,
    SYS_nfsservctl,
#endif
};

/* These have an older way that programs go when they are not there. clone3's flags can not be looked at. */
static const unsigned absent[] = {435 /* clone3 */, 425 /* io_uring_setup */,
                                  426 /* io_uring_enter */, 427 /* io_uring_register */,
                                  SYS_remap_file_pages};

enum {
    NAMESPACES = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                 CLONE_NEWPID | CLONE_NEWNET
};
#define NEW_TIME 0x80U /* of unshare alone; in clone it is part of the exit signal */

/* Line disciplines, the console's input and paste buffer. */
static const unsigned terminal[] = {TIOCSTI, 0x541C /* TIOCLINUX */, TIOCSETD, TIOCCONS};
/* Linux as it is, old uname, and asking. */
static const unsigned persons[] = {0, 0x8, 0x20000, 0x20008, 0xffffffff};
static const unsigned protocols[] = {0, 1 /* ICMP */, 6 /* TCP */, 17 /* UDP */, 58 /* ICMPv6 */};

typedef struct program {
    struct sock_filter *at;
    size_t n;
} program;

static void emit(program *p, unsigned code, unsigned k, unsigned yes, unsigned no) {
    assert(p->n < SC_SECCOMP_ROOM);
    p->at[p->n++] = (struct sock_filter){(uint16_t)code, (uint8_t)yes, (uint8_t)no, k};
}

static void give(program *p, unsigned verdict) { emit(p, BPF_RET | BPF_K, verdict, 0, 0); }
static void refuse(program *p, int why) { give(p, SECCOMP_RET_ERRNO | (unsigned)why); }
static void allow(program *p) { give(p, SECCOMP_RET_ALLOW); }
static void load(program *p, unsigned offset) { emit(p, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0); }
/* The lower half of an argument: the calls looked at take ints there, and the kernel drops the rest as well. */
static void load_arg(program *p, unsigned which) {
    load(p, (unsigned)offsetof(struct seccomp_data, args) + which * 8);
}
/* The next `n` instructions are for this value alone. */
static void only_for(program *p, unsigned value, unsigned n) {
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, value, 0, n);
}

static void refuse_call(program *p, unsigned call, int why) {
    only_for(p, call, 1);
    refuse(p, why);
}

/* Allowed are the values in the list, or all but those; every way ends here. */
static void decide_by(program *p, const unsigned *list, size_t n, bool listed_are_allowed,
                      int why) {
    for (size_t i = 0; i < n; i++) {
        only_for(p, list[i], 1);
        if (listed_are_allowed)
            allow(p);
        else
            refuse(p, why);
    }
    if (listed_are_allowed)
        refuse(p, why);
    else
        allow(p);
}

static void no_namespaces(program *p, unsigned call, unsigned flags) {
    only_for(p, call, 4);
    load_arg(p, 0);
    emit(p, BPF_JMP | BPF_JSET | BPF_K, flags, 0, 1);
    refuse(p, EPERM);
    allow(p);
}

/* Jumps over a part whose length is known only when it is written. */
static size_t begin_part(program *p, unsigned call) {
    only_for(p, call, 0);
    return p->n;
}
static void end_part(program *p, size_t began) {
    assert(p->n - began < 256);
    p->at[began - 1].jf = (uint8_t)(p->n - began);
}

static void sockets(program *p, unsigned call) {
    static const unsigned route[] = {0}, inet[] = {AF_INET, AF_INET6};
    size_t part = begin_part(p, call);
    load_arg(p, 0);
    only_for(p, AF_UNIX, 1);
    allow(p);
    for (size_t i = 0; i < SC_LEN(inet); i++) {
        size_t family = begin_part(p, inet[i]);
        load_arg(p, 2);
        decide_by(p, protocols, SC_LEN(protocols), true, EPROTONOSUPPORT);
        end_part(p, family);
    }
    size_t family = begin_part(p, AF_NETLINK);
    load_arg(p, 2);
    decide_by(p, route, 1, true, EPROTONOSUPPORT);
    end_part(p, family);
    refuse(p, EAFNOSUPPORT);
    end_part(p, part);
}

/* The limit on core files stays what the launcher has set. Where a program of the machine takes them (core_pattern is a pipe),
 * the kernel would start that as root, and give it what a sandboxed process has made up; only a limit of 1 says no. Who
 * wants another one, as most do that set it to 0, is told that it is done. */
static void keep_core_limit(program *p, unsigned call, unsigned resource, bool asks_too) {
    size_t part = begin_part(p, call);
    load_arg(p, resource);
    size_t core = begin_part(p, RLIMIT_CORE);
    if (asks_too) { /* without new limits it only asks */
        load_arg(p, 2);
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3);
        load(p, (unsigned)offsetof(struct seccomp_data, args) + 2 * 8 + 4);
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
        allow(p);
    }
    refuse(p, 0);
    end_part(p, core);
    allow(p);
    end_part(p, part);
}

size_t sc_seccomp_filter(struct sock_filter *ret_filter) {
    program p = {ret_filter, 0};
    load(&p, offsetof(struct seccomp_data, arch));
    emit(&p, BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0);
    give(&p, SECCOMP_RET_KILL_PROCESS);
    load(&p, offsetof(struct seccomp_data, nr));
    emit(&p, BPF_JMP | BPF_JGT | BPF_K, NEWEST, 0, 1);
    refuse(&p, ENOSYS);
    for (size_t i = 0; i < SC_LEN(absent); i++) refuse_call(&p, absent[i], ENOSYS);
    for (size_t i = 0; i < SC_LEN(refused); i++) refuse_call(&p, refused[i], EPERM);
    no_namespaces(&p, SYS_clone, NAMESPACES);
    no_namespaces(&p, SYS_unshare, NAMESPACES | NEW_TIME);
    size_t part = begin_part(&p, SYS_ioctl);
    load_arg(&p, 1);
    decide_by(&p, terminal, SC_LEN(terminal), false, EPERM);
    end_part(&p, part);
    part = begin_part(&p, SYS_personality);
    load_arg(&p, 0);
    decide_by(&p, persons, SC_LEN(persons), true, EPERM);
    end_part(&p, part);
    keep_core_limit(&p, SYS_setrlimit, 0, false);
    keep_core_limit(&p, SYS_prlimit64, 1, true);
    sockets(&p, SYS_socket);
    sockets(&p, SYS_socketpair);
    allow(&p);
    return p.n;
}

#else

size_t sc_seccomp_filter(struct sock_filter *ret_filter) {
    (void)ret_filter;
    return 0;
}

#endif
