internal import Glibc
public import SystemPackage

/// Why this process cannot use io_uring, and the remedy.
public enum RingUnavailable: Error, Equatable, Sendable {
    /// `ENOSYS`: the kernel is older than 5.1 or was built without io_uring, or a container hides
    /// it.
    case notInKernel
    /// `EPERM`: the administrator or a seccomp filter forbids it. The value is that of
    /// `kernel.io_uring_disabled`, if it can be read: 0 allowed, 1 for the members of
    /// `kernel.io_uring_group`, 2 for no process.
    case forbidden(sysctl: Int?)
    /// `ENOMEM`: the ring exceeds the memory that the process may lock. The value is the current
    /// `RLIMIT_MEMLOCK` in bytes, `nil` if there is no limit and memory itself is short.
    case lockedMemoryLimit(bytes: UInt64?)
    /// The kernel has io_uring but lacks something essential for the engine.
    case lacks([RingRequirement])
    /// Any other refusal, by the named system call.
    case refused(Errno, call: String)

    /// The cause behind an errno of `io_uring_setup`.
    static func setupRefused(_ code: CInt) -> RingUnavailable {
        switch code {
        case ENOSYS: .notInKernel
        case EPERM, EACCES: .forbidden(sysctl: disabledSysctl())
        case ENOMEM: .lockedMemoryLimit(bytes: softLockedMemoryLimit())
        default: .refused(Errno(rawValue: code), call: "io_uring_setup")
        }
    }
}

extension RingUnavailable: CustomStringConvertible {
    /// A sentence on the cause and one on the remedy.
    public var description: String {
        switch self {
        case .notInKernel:
            "the kernel has no io_uring, or a container's seccomp filter hides it (ENOSYS); use "
                + "Linux 5.11 or later built with CONFIG_IO_URING, and a filter that allows it"
        case .forbidden(let level):
            Self.forbiddenDescription(level)
        case .lockedMemoryLimit(let bytes?):
            "the ring exceeds RLIMIT_MEMLOCK, now \(bytes / 1024) KiB (ENOMEM); raise it with "
                + "ulimit -l or LimitMEMLOCK=, or ask for fewer or smaller slots"
        case .lockedMemoryLimit(nil):
            "the kernel has no memory for the ring (ENOMEM) although RLIMIT_MEMLOCK is unlimited; "
                + "ask for fewer slots"
        case .lacks(let requirements):
            "this kernel's io_uring lacks "
                + requirements.map(\.description).joined(separator: ", ")
                + "; use a later kernel"
        case .refused(let errno, let call):
            "\(call) failed: \(errno)"
        }
    }

    private static func forbiddenDescription(_ level: Int?) -> String {
        switch level {
        case 2?:
            "io_uring is switched off for everybody (EPERM); "
                + "set sysctl kernel.io_uring_disabled to 0, or to 1 to allow one group"
        case 1?:
            "io_uring is reserved for the group in sysctl kernel.io_uring_group (EPERM); "
                + "join it, or set kernel.io_uring_disabled to 0"
        default:
            "io_uring is forbidden (EPERM) though not by sysctl kernel.io_uring_disabled; "
                + "a seccomp filter does it, as container runtimes install: allow "
                + "io_uring_setup, io_uring_enter and io_uring_register"
        }
    }
}

/// The soft limit on locked memory in bytes; `nil` if there is none.
package func softLockedMemoryLimit() -> UInt64? {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &limit) == 0,
        limit.rlim_cur != rlim_t.max
    else { return nil }
    return UInt64(limit.rlim_cur)
}

/// `kernel.io_uring_disabled` (Linux 6.6); `nil` if the kernel has no such switch.
private func disabledSysctl() -> Int? {
    KernelFile.text("/proc/sys/kernel/io_uring_disabled").flatMap { Int($0.prefix { $0.isNumber }) }
}

// What everybody does who reads by a ring, once: when to try again, and when to give up.

extension Ring {
    /// The error of an ``enter(submitting:waitingFor:nanoseconds:)`` that no other enter can mend;
    /// nil where it worked, a signal came, time is up, memory is short, or completions must be
    /// taken first.
    package static func refusal(_ outcome: Int32) -> Int32? {
        guard outcome < 0 else { return nil }
        switch -outcome {
        case EINTR, EAGAIN, EBUSY, ETIME: return nil
        default: return -outcome
        }
    }

    /// The kernel takes no more entries, and may still write to the memory of those that it took.
    /// So the memory is never given back.
    package static func leaveToKernel(_ memory: AnyObject) {
        _ = unsafe Unmanaged.passRetained(memory)
    }
}

/// How often a read is started again before its `EINTR` or `EAGAIN` is passed on. Without a limit,
/// a non-blocking descriptor without data would be asked for ever.
package struct ReadAttempts: Sendable {
    package var left: UInt8

    @inlinable
    package init() { left = 16 }

    /// Whether a result calls for another try, which is then used up.
    @inlinable
    @inline(__always)
    package mutating func takesAnother(after result: Int) -> Bool {
        guard result == Int(-EINTR) || result == Int(-EAGAIN), left > 0 else { return false }
        left &-= 1
        return true
    }
}
