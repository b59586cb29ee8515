/* Which system calls a sandboxed program may make.
 *
 * The policy is a list of what is refused, as Flatpak's and systemd's are, and not of what is allowed: agents run any
 * project's compilers, interpreters and test suites, and a list of what those need is wrong with every new libc. What a
 * refusal list lacks is made up for:
 *   - calls with a number above the newest one that was looked at when this was written do not exist (ENOSYS), so a new
 *     kernel brings nothing in;
 *   - no capability is to be had, here or in a namespace: new user namespaces are refused, and with them all kernel code
 *     that trusts a namespace's root;
 *   - sockets are an allow list (unix, and inet with the usual protocols, in a network namespace without a way out).
 * Refused is what reaches other processes (ptrace, process_vm_*), keys, the kernel's programmable parts (bpf, io_uring,
 * userfaultfd, perf), mounts and namespaces, handles to files by number, modules, clocks, and terminal input of others.
 * A call of another architecture (i386 on x86-64) kills the process; x32 does not exist.
 *
 * It is classic BPF by hand: 60 lines, no library, and a test interprets it call by call. Threads: pure functions. */
#ifndef SC_RUNNERS_LOCAL_SECCOMP_H
#define SC_RUNNERS_LOCAL_SECCOMP_H

#include <linux/filter.h>
#include <stddef.h>

enum { SC_SECCOMP_ROOM = 512 };

/* Writes the filter, ret_filter has SC_SECCOMP_ROOM; returns how many instructions, 0: not for this processor. */
size_t sc_seccomp_filter(struct sock_filter *ret_filter);

#endif
