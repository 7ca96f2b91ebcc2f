import CKernelABI
import Foundation
import SystemPackage

/// What the process that serves a mount gives up (docs/security.md), so that a fault in it is worth
/// less to whoever finds it.
///
/// As root alone: a user's service needs fusermount3, which gains rights when it is run, also for
/// the unmount.
struct ServiceHardening {
    /// `CAP_*` (linux/capability.h), each with its use in the service.
    enum Capability: UInt64, CaseIterable {
        /// Users' files.
        case changeOwner = 0
        case overrideAccess = 1
        case readAndSearch = 2
        case ownFiles = 3
        case keepSetID = 4
        /// Acting as the user who asks (setfsuid(2), setfsgid(2)).
        case setGroup = 6
        case setUser = 7
        /// chattr(1) through the mount.
        case immutableFlags = 9
        /// Buffers registered with io_uring.
        case lockMemory = 14
        /// Who is within a read, who watches SOURCE (/proc of other processes).
        case lookIntoProcesses = 19
        /// Gates, mounts, watches, handles of files, unmounting.
        case administer = 21
        /// The limit of descriptors, SOURCE's space for root.
        case resources = 24
        /// mknod(2) through the mount.
        case makeDevices = 27
        /// File capabilities through the mount.
        case setFileCapabilities = 31
    }

    static let kept = Capability.allCases.reduce(UInt64(0)) { $0 | 1 << $1.rawValue }

    private let isOn: Bool
    /// What the kernel refused.
    private(set) var failures: [String] = []

    /// Gives up what not even the mount needs. Call before any thread starts: capabilities belong
    /// to threads.
    init(_ settings: MountSettings) {
        isOn = settings.isHardened && geteuid() == 0
        attempt("capabilities") { bpio_harden_capabilities(Self.kept) }
        attempt("no_new_privs") { bpio_harden_privileges() }
        attempt("system calls") { bpio_harden_calls() }
    }

    /// Gives up what the mount needed and the unmount does not, for all threads.
    mutating func mounted() {
        attempt("mounting") { bpio_harden_mounting() }
    }

    private mutating func attempt(_ name: String, _ call: () -> Int32) {
        guard isOn else { return }
        let result = call()
        if result < 0 { failures.append("\(name) (\(Errno(rawValue: -result)))") }
    }
}
