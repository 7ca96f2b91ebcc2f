import CPosixCalls
import Foundation
import LinuxKit
import TestSupport

/// A disk in memory (zram) with a file system: a disk that agrees to bypass, as a loop device does
/// not. The last reference unmounts it and takes it away.
final class MemoryDisk: Sendable {
    static let areThere = FileManager.default.fileExists(atPath: "/sys/class/zram-control/hot_add")

    private let number: Int
    private let place: String

    /// Mounts it at a directory.
    init(_ fileSystem: String, megabytes: Int, at place: String) throws {
        let added = KernelFile.text("/sys/class/zram-control/hot_add")
        guard let number = added.flatMap({ Int($0.filter(\.isNumber)) }) else {
            throw TestError("no new zram device")
        }
        (self.number, self.place) = (number, place)
        Leftovers.note(memoryDisk: number)
        try MemoryDisk.tell("/sys/block/zram\(number)/disksize", "\(megabytes)M")
        let device = "/dev/zram\(number)"
        for line in ["mkfs.\(fileSystem) -q \(device)", "mount \(device) '\(place)'"] {
            let outcome = try Program.shell(line).run(within: 60)
            guard outcome.code == 0 else { throw TestError("\(line): \(outcome)") }
        }
    }

    deinit { Leftovers.remove(memoryDisk: number, mountedAt: place) }

    /// The file system on it (ext4, xfs) finds that its disk is gone: FS_IOC_SHUTDOWN, without
    /// flushing its log.
    func fileSystemLosesIt() throws {
        let folder = try RawFile(place)
        var flags: UInt32 = 2
        let answer = unsafe call_ioctl(folder.descriptor, 0x8004_587D, &flags)
        guard answer == 0 else { throw TestError("shutdown: \(answer)") }
    }

    /// Mounts disks that their file systems had lost, with what had reached them.
    static func mountAgain(_ disks: [MemoryDisk]) throws {
        let lines = disks.map {
            "umount '\($0.place)' && mount /dev/zram\($0.number) '\($0.place)' || exit 1"
        }
        let outcome = try Program.shell(lines.joined(separator: "\n")).run(within: 120)
        guard outcome.code == 0 else { throw TestError("mount again: \(outcome)") }
    }

    private static func tell(_ path: String, _ text: String) throws {
        guard let file = FileHandle(forWritingAtPath: path) else { throw TestError("no \(path)") }
        try file.write(contentsOf: Data(text.utf8))
    }
}
