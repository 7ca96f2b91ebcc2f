#define _GNU_SOURCE
#include "hardening.h"

#if defined(__linux__)

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "own_identity.h"

int32_t bpio_harden_capabilities(uint64_t kept) {
    for (unsigned long capability = 0; capability < 64; capability++) {
        if (kept >> capability & 1) continue;
        // EINVAL: the kernel knows no further one. EPERM: without CAP_SETPCAP the bounding set
        // stays; the sets below shrink all the same.
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno == EINVAL) break;
    }
    // A kernel that has no ambient set has nothing in it.
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) < 0) return -errno;
    for (int half = 0; half < 2; half++) {
        uint32_t mask = (uint32_t)(kept >> (32 * half));
        data[half].effective &= mask;
        data[half].permitted &= mask;
        data[half].inheritable = 0;
    }
    if (syscall(SYS_capset, &header, data) < 0) return -errno;
    bpio_identity_remember();
    return 0;
}

int32_t bpio_harden_privileges(void) {
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ? -errno : 0;
}

#if defined(__x86_64__)
#define OWN_CALLS AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_CALLS AUDIT_ARCH_AARCH64
#endif

#ifdef OWN_CALLS

// Debian 12 has the headers of Linux 6.1. The numbers of calls that are the same everywhere.
static const uint32_t refused[] = {
    // Other processes.
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_pidfd_getfd,
    SYS_move_pages, SYS_migrate_pages, SYS_process_madvise,
    // The kernel itself.
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_bpf,
    SYS_perf_event_open, SYS_syslog, SYS_reboot, SYS_userfaultfd,
    // Keys.
    SYS_add_key, SYS_request_key, SYS_keyctl,
    // The machine's settings.
    SYS_swapon, SYS_swapoff, SYS_acct, SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime,
    SYS_adjtimex, SYS_sethostname, SYS_setdomainname, SYS_quotactl, SYS_vhangup,
    // Another view of the machine.
    SYS_chroot, SYS_pivot_root, SYS_setns, SYS_unshare, SYS_personality,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_iopl
    SYS_iopl, SYS_ioperm, SYS_modify_ldt, SYS_uselib, SYS_ustat, SYS_sysfs,
#endif
};

static const uint32_t refused_once_mounted[] = {
    SYS_mount, SYS_move_mount, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick,
};

enum { most_calls = 64 };
_Static_assert(sizeof refused / sizeof *refused <= most_calls, "room for every call");

static int32_t install(const uint32_t *calls, size_t count, int limits_sockets) {
    struct sock_filter code[most_calls + 16];
    size_t n = 0;
#define STATEMENT(...) code[n++] = (struct sock_filter)BPF_STMT(__VA_ARGS__)
#define JUMP(...) code[n++] = (struct sock_filter)BPF_JUMP(__VA_ARGS__)
    // Calls of another table of numbers (32 bits, x32): none.
    STATEMENT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_CALLS, 1, 0);
    STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    STATEMENT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
    STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    for (size_t i = 0; i < count; i++)
        // To the refusal, the last statement: behind the other calls, the four for sockets if there
        // are any, and the permission.
        JUMP(
            BPF_JMP | BPF_JEQ | BPF_K, calls[i],
            (uint8_t)(count - 1 - i + (limits_sockets ? 4 : 0) + 1), 0);
    if (limits_sockets) {
        JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3);
        STATEMENT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]));
        JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0);
        STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
    }
    STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
#undef STATEMENT
#undef JUMP
    const struct sock_fprog program = {.len = (unsigned short)n, .filter = code};
    long result = syscall(
        SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    // A positive result names a thread that has another filter.
    return result < 0 ? -errno : result > 0 ? -EBUSY : 0;
}

int32_t bpio_harden_calls(void) {
    return install(refused, sizeof refused / sizeof *refused, 1);
}

int32_t bpio_harden_mounting(void) {
    return install(
        refused_once_mounted, sizeof refused_once_mounted / sizeof *refused_once_mounted, 0);
}

#else

int32_t bpio_harden_calls(void) { return -ENOSYS; }
int32_t bpio_harden_mounting(void) { return -ENOSYS; }

#endif

#endif
