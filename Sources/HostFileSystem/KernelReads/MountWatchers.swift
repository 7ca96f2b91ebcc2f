internal import IOStack
internal import LinuxKit
internal import SystemPackage

/// Programs that fanotify asks before reads of files by the way of a mount (FAN_ACCESS_PERM,
/// FAN_PRE_ACCESS with FAN_MARK_MOUNT): virus scanners, and those that bring a file's data when it
/// is read. The kernel's own reads of a file go by a mount of the file's own, of which such a
/// program has not said that it wants to be asked. (One that watches the file system or the file is
/// asked: its mark holds for every way.)
///
/// The kernel tells of marks only in /proc/PID/fdinfo, so all programs' descriptors are looked
/// through, at most once in ``interval``. Any thread. The lock is held while that is done, and
/// nothing else is taken under it.
final class MountWatchers: Sendable {
    /// A program that began to watch so long ago is known, where looking takes a hundredth
    /// of that at most; where it takes longer, a hundred times as long.
    static let interval = Duration.seconds(1)
    /// However long looking takes, so long at most.
    static let longestInterval = Duration.seconds(5)

    private struct Seen {
        var until: ContinuousClock.Instant
        /// By the mount's number, a process.
        var watchers: [UInt64: UInt32]
    }
    private let seen = Guarded<Seen?>(nil)

    /// A process that is asked before reads by the way of that mount (``FileStatus/mountID``),
    /// which is looked up only if there are such processes.
    func watcher<E>(of mount: () throws(E) -> UInt64?) throws(E) -> UInt32? {
        let watchers = current
        guard !watchers.isEmpty, let mount = try mount() else { return nil }
        return watchers[mount]
    }

    private var current: [UInt64: UInt32] {
        seen.withLock { seen in
            let now = ContinuousClock.now
            if let known = seen, now < known.until { return known.watchers }
            let watchers = SystemCall.fanotifyMountWatchers()
            let end = ContinuousClock.now
            let pause = min(
                Self.longestInterval, max(Self.interval, now.duration(to: end) * 100))
            seen = Seen(until: end.advanced(by: pause), watchers: watchers)
            return watchers
        }
    }
}

extension SystemCall {
    /// By a mount's number a process that fanotify asks before reads by the way of it. Processes
    /// that this one may not look into are left out.
    static func fanotifyMountWatchers() -> [UInt64: UInt32] {
        var watchers: [UInt64: UInt32] = [:]
        for process in (try? processes()) ?? [] {
            for information in informationOfFanotifyGroups(of: process) {
                for mount in watchedMounts(in: information) { watchers[mount] = process }
            }
        }
        return watchers
    }

    /// The mounts in the text of a group's fdinfo whose marks ask before reads:
    /// `fanotify mnt_id:1d mflags:0 mask:20000 ignored_mask:0`, numbers in hexadecimal.
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
