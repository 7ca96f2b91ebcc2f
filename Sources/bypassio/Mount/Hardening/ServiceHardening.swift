import CKernelABI
import FUSE
import Foundation
import LinuxKit
import SystemPackage

/// What the process that serves a mount gives up (docs/security.md), so that a fault in it is worth
/// less to whoever finds it.
///
/// A user's service mounts and unmounts by fusermount3, which gains rights when it is run. So it
/// gives its own up once it has mounted, and leaves the unmount to a process that it starts before
/// (``Unmounter``).
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
        /// Prompt threads (``PromptThread``), only where their limits cannot be raised instead.
        case priorities = 23
        /// The limit of descriptors, SOURCE's space for root.
        case resources = 24
        /// mknod(2) through the mount.
        case makeDevices = 27
        /// File capabilities through the mount.
        case setFileCapabilities = 31
    }

    private static func kept(withPriorities isPrompt: Bool) -> UInt64 {
        Capability.allCases.reduce(0) { kept, each in
            each == .priorities && !isPrompt ? kept : kept | 1 << each.rawValue
        }
    }

    private var isOn: Bool
    private let isRoot = geteuid() == 0
    /// What the kernel refused.
    private(set) var failures: [String] = []

    /// Gives up what not even the mount needs. Call before any thread starts: capabilities belong
    /// to threads, and a user's process is forked. Prompt threads can be started afterwards, as far
    /// as the system lets this process have them.
    init(_ settings: MountSettings) {
        isOn = settings.isHardened
        guard isRoot else {
            if isOn { isOn = startUnmounter(settings) }
            return
        }
        let keepsPriorities = !PromptThread.allow()
        attempt("capabilities") {
            bpio_harden_capabilities(Self.kept(withPriorities: keepsPriorities))
        }
        attempt("no_new_privs") { bpio_harden_privileges() }
        attempt("system calls") { bpio_harden_calls() }
    }

    private mutating func startUnmounter(_ settings: MountSettings) -> Bool {
        do {
            try Unmounter.start(for: ArgumentPath.mountPoint(settings.mountPoint))
            return true
        } catch {
            // Without fusermount3 the mount says so in a moment.
            failures.append("\(error)")
            return false
        }
    }

    /// Gives up what the mount needed and the unmount does not, for all threads.
    mutating func mounted() {
        if !isRoot {
            // The kernel gives it to all threads together with the filter.
            attempt("no_new_privs") { bpio_harden_privileges() }
            attempt("system calls") { bpio_harden_calls() }
        }
        attempt("mounting") { bpio_harden_mounting() }
    }

    private mutating func attempt(_ name: String, _ call: () -> Int32) {
        guard isOn else { return }
        let result = call()
        if result < 0 { failures.append("\(name) (\(Errno(rawValue: -result)))") }
    }
}
