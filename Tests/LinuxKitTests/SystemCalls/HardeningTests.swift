import CKernelABI
import CPosixCalls
import Glibc
import Testing

/// What a hardened process cannot do any more, tried by processes that were hardened for it.
struct HardeningTests {
    private static let isRoot = geteuid() == 0

    private func answer(
        _ name: String, _ argument: Int64 = 0, whenMounted isMounted: Bool = false
    ) -> Int64 {
        unsafe call_hardened(
            { bpio_harden_calls() }, isMounted ? { bpio_harden_mounting() } : nil,
            call_number(name),
            argument)
    }

    @Test(
        "calls that no service needs are refused", .enabled(if: isRoot, "needs root"),
        arguments: [
            "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd",
            "init_module", "delete_module", "kexec_load", "bpf", "perf_event_open",
            "syslog", "reboot", "userfaultfd", "add_key", "request_key", "keyctl",
            "swapon", "swapoff", "settimeofday", "clock_settime", "sethostname",
            "quotactl", "chroot", "pivot_root", "setns", "unshare", "personality",
        ])
    func refused(name: String) {
        #expect(answer(name) == -Int64(EPERM))
    }

    @Test(
        "only sockets of the local machine are to be had", .enabled(if: isRoot, "needs root"))
    func sockets() {
        // With the type 0 a family that is known is refused later.
        #expect(answer("socket", Int64(AF_UNIX)) != -Int64(EAFNOSUPPORT))
        for family in [AF_INET, AF_INET6, AF_NETLINK, AF_PACKET] {
            #expect(answer("socket", Int64(family)) == -Int64(EAFNOSUPPORT))
        }
    }

    @Test("calls that every route needs pass", .enabled(if: isRoot, "needs root"))
    func passed() {
        for name in ["getpid", "gettid", "sched_yield", "geteuid"] {
            #expect(answer(name, whenMounted: true) == 0)
        }
        #expect(answer("umount2", whenMounted: true) == -Int64(EFAULT))
    }

    @Test(
        "what mounts is refused once the mount is there", .enabled(if: isRoot, "needs root"),
        arguments: ["mount", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick"])
    func mounting(name: String) {
        #expect(answer(name) != -Int64(EPERM))
        #expect(answer(name, whenMounted: true) == -Int64(EPERM))
    }

    @Test(
        "of the capabilities only those that are kept are left", .enabled(if: isRoot, "needs root"))
    func capabilities() {
        // SYS_ADMIN alone: chown to another user needs CHOWN.
        let answer = unsafe call_hardened(
            { bpio_harden_capabilities(1 << 21) }, nil, call_number("setuid"), 0)
        #expect(answer == 0)
        let other = unsafe call_hardened(
            { bpio_harden_capabilities(1 << 21) }, nil, call_number("setuid"), 1)
        #expect(other == -Int64(EPERM))
    }
}
