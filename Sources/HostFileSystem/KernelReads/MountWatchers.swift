internal import IOStack
internal import LinuxKit
internal import SystemPackage

/// Programs that fanotify asks before reads of files through a mount (FAN_ACCESS_PERM,
/// FAN_PRE_ACCESS with FAN_MARK_MOUNT): virus scanners, and programs that fetch a file's data when
/// it is read. The kernel's own reads go through a mount of the file's own, for which such a
/// program has no mark. (A program that watches the file system or the file is asked: its mark
/// holds for every mount.)
///
/// The kernel shows marks only in /proc/PID/fdinfo. So the descriptors of all programs are
/// searched, at most once in ``interval``. Any thread. The lock is held meanwhile, and no other
/// lock is taken under it.
final class MountWatchers: Sendable {
    /// A program that has watched for so long is known. If a search takes more than a hundredth of
    /// this, the interval is a hundred times as long as the search.
    static let interval = Duration.seconds(1)
    /// The longest interval, however long a search takes.
    static let longestInterval = Duration.seconds(5)

    private struct Seen {
        var until: ContinuousClock.Instant
        /// A process, by the mount's number.
        var watchers: [UInt64: UInt32]
    }
    private let seen = Guarded<Seen?>(nil)

    /// A process that fanotify asks before reads through that mount (``FileStatus/mountID``). The
    /// mount is looked up only if there are such processes.
    ///
    /// - Parameter guardian: a process that need not be searched.
    func watcher<E>(
        besides guardian: Int32? = nil, of mount: () throws(E) -> UInt64?
    ) throws(E) -> UInt32? {
        let watchers = current(besides: guardian)
        guard !watchers.isEmpty, let mount = try mount() else { return nil }
        return watchers[mount]
    }

    private func current(besides guardian: Int32?) -> [UInt64: UInt32] {
        seen.withLock { seen in
            let now = ContinuousClock.now
            if let known = seen, now < known.until { return known.watchers }
            let watchers = SystemCall.fanotifyMountWatchers(besides: guardian)
            let end = ContinuousClock.now
            let pause = min(
                Self.longestInterval, max(Self.interval, now.duration(to: end) * 100))
            seen = Seen(until: end.advanced(by: pause), watchers: watchers)
            return watchers
        }
    }
}

extension SystemCall {
    /// By a mount's number, a process that fanotify asks before reads through the mount. Processes
    /// that this process may not look into are left out.
    static func fanotifyMountWatchers(besides guardian: Int32? = nil) -> [UInt64: UInt32] {
        var watchers: [UInt64: UInt32] = [:]
        for process in (try? processes()) ?? [] where Int(process) != guardian.map(Int.init) {
            for information in informationOfFanotifyGroups(of: process) {
                for mount in watchedMounts(in: information) { watchers[mount] = process }
            }
        }
        return watchers
    }

    /// The mounts in the text of a group's fdinfo whose marks ask before reads: `fanotify mnt_id:1d
    /// mflags:0 mask:20000 ignored_mask:0`, numbers in hexadecimal.
    static func watchedMounts(in information: [UInt8]) -> [UInt64] {
        let asksBeforeReads: UInt64 = 0x20000 | 0x100000  // FAN_ACCESS_PERM, FAN_PRE_ACCESS
        return information.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = line.split(separator: UInt8(ascii: " ")).map {
                String(decoding: $0, as: UTF8.self)
            }
            guard fields.first == "fanotify", let mount = number("mnt_id:", in: fields),
                let mask = number("mask:", in: fields), mask & asksBeforeReads != 0
            else { return nil }
            return mount
        }
    }

    private static func number(_ name: String, in fields: [String]) -> UInt64? {
        fields.first { $0.hasPrefix(name) }.flatMap {
            UInt64($0.dropFirst(name.count), radix: 16)
        }
    }
}
