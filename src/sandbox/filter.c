/* An allow-list. What is not on it gets EPERM, which every caller must be able to take from a
 * system call anyway, and the kernel's audit log has a record of it. What only somebody who has
 * taken the process over would call kills it.
 *
 * The list is what the C library (glibc 2.36 and later), libevent, LMDB, OpenSSL, c-ares, libzmq
 * and libsystemd are known to call for what this program does with them, not what was seen in a
 * trace: a call that is rarely made must not be the one that fails. */
#include "sandbox/filter.h"

#include "base/err.h"
#include "config.h"

#ifdef HAVE_LIBSECCOMP

#include <errno.h>
#include <linux/net.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* By name: libseccomp knows which of them a machine has. */
static const char *const allowed[] = {
    /* descriptors */
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2",
    "pwritev2", "close", "close_range", "lseek", "_llseek", "dup", "dup2", "dup3", "pipe", "pipe2",
    "fcntl", "fcntl64", "poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6",
    "pselect6_time64", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait",
    "epoll_pwait2", "eventfd2", "signalfd4", "timerfd_create", "timerfd_settime", "timerfd_gettime",
    "sendfile", "sendfile64",
    /* files */
    "open", "openat", "openat2", "access", "faccessat", "faccessat2", "stat", "stat64", "lstat",
    "lstat64", "fstat", "fstat64", "newfstatat", "fstatat64", "statx", "statfs", "statfs64",
    "fstatfs", "fstatfs64", "readlink", "readlinkat", "getcwd", "getdents", "getdents64", "mkdir",
    "mkdirat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "chmod", "fchmod",
    "fchmodat", "umask", "ftruncate", "ftruncate64", "fallocate", "fsync", "fdatasync",
    "sync_file_range", "msync", "flock", "fadvise64", "fadvise64_64", "readahead",
    /* the network; socket has a rule of its own */
    "connect", "bind", "listen", "accept", "accept4", "shutdown", "getsockname", "getpeername",
    "getsockopt", "setsockopt", "send", "sendto", "sendmsg", "sendmmsg", "recv", "recvfrom",
    "recvmsg", "recvmmsg", "recvmmsg_time64", "socketpair",
    /* memory; mmap and mprotect have rules of their own */
    "brk", "munmap", "mremap", "madvise", "mincore", "mlock", "munlock",
    /* threads; clone has a rule of its own */
    "futex", "futex_time64", "futex_waitv", "set_robust_list", "get_robust_list", "rseq",
    "set_tid_address", "gettid", "sched_yield", "sched_getaffinity", "sched_setaffinity",
    "sched_getparam", "sched_getscheduler", "sched_get_priority_max", "sched_get_priority_min",
    "membarrier", "exit", "exit_group", "restart_syscall", "arch_prctl", "getcpu",
    /* time */
    "clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64", "clock_nanosleep",
    "clock_nanosleep_time64", "nanosleep", "gettimeofday", "time",
    /* signals; kill and tgkill have rules of their own */
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "rt_sigtimedwait_time64",
    "sigreturn", "sigaltstack",
    /* about ourselves and the machine; prctl, prlimit64 and ioctl have rules of their own */
    "getpid", "getppid", "getuid", "getuid32", "geteuid", "geteuid32", "getgid", "getgid32",
    "getegid", "getegid32", "getrandom", "getrusage", "getrlimit", "ugetrlimit", "setrlimit",
    "sysinfo", "uname", "times"};

/* Nothing here is ever called by us. */
static const char *const deadly[] = {"execve",
                                     "execveat",
                                     "fork",
                                     "vfork",
                                     "ptrace",
                                     "process_vm_readv",
                                     "process_vm_writev",
                                     "pidfd_getfd",
                                     "kexec_load",
                                     "kexec_file_load",
                                     "init_module",
                                     "finit_module",
                                     "delete_module",
                                     "mount",
                                     "umount2",
                                     "pivot_root",
                                     "move_mount",
                                     "open_tree",
                                     "fsopen",
                                     "chroot",
                                     "unshare",
                                     "setns",
                                     "bpf",
                                     "perf_event_open",
                                     "userfaultfd",
                                     "add_key",
                                     "request_key",
                                     "keyctl",
                                     "io_uring_setup",
                                     "io_uring_enter",
                                     "io_uring_register",
                                     "setuid",
                                     "setuid32",
                                     "setgid",
                                     "setgid32",
                                     "setreuid",
                                     "setregid",
                                     "setresuid",
                                     "setresgid",
                                     "setfsuid",
                                     "setfsgid",
                                     "setgroups",
                                     "capset",
                                     "personality",
                                     "modify_ldt",
                                     "iopl",
                                     "ioperm",
                                     "reboot",
                                     "swapon",
                                     "acct",
                                     "settimeofday",
                                     "clock_settime",
                                     "adjtimex",
                                     "clock_adjtime",
                                     "sethostname",
                                     "open_by_handle_at",
                                     "memfd_create"};

/* What an argument may be. */
struct argument_rule {
    const char *call;
    unsigned argument;
    enum scmp_compare compare;
    scmp_datum_t a, b; /* with SCMP_CMP_MASKED_EQ: mask and value */
};

#define IS(call, argument, value)                             \
    {                                                         \
        call, argument, SCMP_CMP_EQ, (scmp_datum_t)(value), 0 \
    }
#define MASKED(call, argument, mask, value)                                             \
    {                                                                                   \
        call, argument, SCMP_CMP_MASKED_EQ, (scmp_datum_t)(mask), (scmp_datum_t)(value) \
    }

static const struct argument_rule with_argument[] = {
    IS("socket", 0, AF_INET),
    IS("socket", 0, AF_INET6),
    IS("socket", 0, AF_UNIX),
    IS("socket", 0, AF_NETLINK), /* getifaddrs(3) */
    /* Threads, no processes. */
    MASKED("clone", 0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM),
    /* No memory that can be written and executed, and none that becomes executable. */
    MASKED("mmap", 2, PROT_EXEC, 0),
    MASKED("mmap", 2, PROT_EXEC | PROT_WRITE, PROT_EXEC),
    MASKED("mmap2", 2, PROT_EXEC, 0),
    MASKED("mmap2", 2, PROT_EXEC | PROT_WRITE, PROT_EXEC),
    MASKED("mprotect", 2, PROT_EXEC, 0),
    /* A thread of libzmq sets the policy that it has anyway. */
    IS("sched_setscheduler", 1, SCHED_OTHER),
    IS("sched_setscheduler", 1, SCHED_BATCH),
    IS("sched_setscheduler", 1, SCHED_IDLE),
    IS("prctl", 0, PR_SET_NAME),
    IS("prctl", 0, PR_GET_NAME),
    IS("prctl", 0, PR_GET_DUMPABLE),
    IS("prctl", 0, PR_SET_VMA), /* names for the allocator's areas */
    IS("prctl", 0, PR_GET_NO_NEW_PRIVS),
    IS("prctl", 0, PR_GET_SECCOMP),
    IS("prlimit64", 0, 0),
    IS("ioctl", 1, FIONBIO),
    IS("ioctl", 1, FIONREAD),
    IS("ioctl", 1, FIOCLEX),
    IS("ioctl", 1, TCGETS), /* isatty(3) */
    IS("ioctl", 1, TIOCOUTQ),
    IS("ioctl", 1, TIOCGWINSZ),
};

/* A name that this machine's architecture lacks is none of ours either. */
static int add_all(scmp_filter_ctx ctx, unsigned *n, uint32_t action, const char *const *names,
                   size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int number = seccomp_syscall_resolve_name(names[i]);

        if (number == __NR_SCMP_ERROR || number < 0)
            continue;
        if (seccomp_rule_add(ctx, action, number, 0) < 0)
            return PN_ESYS;
        (*n)++;
    }
    return 0;
}

static int add_with_argument(scmp_filter_ctx ctx)
{
    for (size_t i = 0; i < sizeof with_argument / sizeof with_argument[0]; i++) {
        const struct argument_rule *r = &with_argument[i];
        int number = seccomp_syscall_resolve_name(r->call);
        const struct scmp_arg_cmp compare = {r->argument, r->compare, r->a, r->b};

        if (number == __NR_SCMP_ERROR || number < 0)
            continue;
        if (seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, number, 1, &compare) < 0)
            return PN_ESYS;
    }
    return 0;
}

/* Only ourselves may be signalled: abort(3), and the call that stops the node. */
static int add_signals(scmp_filter_ctx ctx)
{
    const struct scmp_arg_cmp ourselves = {0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0};
    int rc = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &ourselves);

    if (rc == 0)
        rc = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1, &ourselves);
    return rc < 0 ? PN_ESYS : 0;
}

/* Its flags stand in memory, where a filter cannot look; the C library then takes clone. */
static int refuse_clone3(scmp_filter_ctx ctx)
{
    int number = seccomp_syscall_resolve_name("clone3");

    if (number == __NR_SCMP_ERROR || number < 0)
        return 0;
    return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), number, 0) < 0 ? PN_ESYS : 0;
}

static int fill(scmp_filter_ctx ctx, unsigned *n)
{
    unsigned killed = 0;
    int rc = add_all(ctx, n, SCMP_ACT_ALLOW, allowed, sizeof allowed / sizeof allowed[0]);

    if (rc == 0)
        rc = add_all(ctx, &killed, SCMP_ACT_KILL_PROCESS, deadly, sizeof deadly / sizeof deadly[0]);
    if (rc == 0)
        rc = add_with_argument(ctx);
    if (rc == 0)
        rc = add_signals(ctx);
    return rc == 0 ? refuse_clone3(ctx) : rc;
}

int filter_load(unsigned *n_calls)
{
    scmp_filter_ctx ctx;
    unsigned n = 0;
    int rc;

    *n_calls = 0;
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0) /* a kernel without it */
        return 0;
    ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!ctx)
        return PN_ENOMEM;
    seccomp_attr_set(ctx, SCMP_FLTATR_CTL_LOG, 1);      /* Linux 4.14 */
    seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree */
    rc = fill(ctx, &n);
    if (rc == 0 && seccomp_load(ctx) < 0)
        rc = PN_ESYS;
    seccomp_release(ctx);
    *n_calls = rc == 0 ? n : 0;
    return rc;
}

#else

int filter_load(unsigned *n_calls)
{
    *n_calls = 0;
    return 0;
}

#endif
