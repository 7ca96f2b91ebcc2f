import BypassIOProtocol
import Glibc
import IOStack
import LinuxKit
import SystemPackage
import TestSupport
import Testing

@testable import HostFileSystem

@Suite("Vetoes of the host's file systems")
struct VetoTests {
    private func status(
        _ host: HostFixture, _ path: FilePath, _ operation: BypassIOOperation = .enable
    ) throws -> NTStatus? {
        let file = try host.open(path, options: .nonCached)
        defer { file.close() }
        let results = try file.bypassIO(operation, flags: .skipStorageStackQuery).results
        if let results, results.status != .success {
            #expect(results.driverName.string == host.fileSystem.name)
            #expect(!results.failureReason.string.isEmpty)
        }
        return results?.status
    }

    @Test("spec 6.1: the volume, a directory and a plain file")
    func kinds() throws {
        let host = try HostFixture()
        try host.hostFile("plain", pattern(8192))
        try SystemCall.makeDirectory(host.root.appending("folder"), mode: 0o755)
        #expect(try status(host, "plain") == .success)
        #expect(try status(host, "") == .volumeNotSupported)
        #expect(try status(host, "", .query) == .success)
        #expect(try status(host, "folder") == .notSupported)
        #expect(try status(host, "folder", .query) == .success)
    }

    @Test("spec 6.1: a sparse file, and one that was only reserved")
    func sparse() throws {
        let host = try HostFixture()
        try host.hostFile("sparse", [1])
        let file = try host.open("sparse", access: .write)
        defer { file.close() }
        try file.apply(.endOfFile(1 << 20))
        #expect(try status(host, "sparse") == .sparseFileNotSupported)
        #expect(try status(host, "sparse", .query) == .sparseFileNotSupported)
        let reserved = try host.open("reserved", access: [.read, .write], .create)
        defer { reserved.close() }
        try reserved.apply(.allocation(.extend, offset: 0, length: 1 << 20))
        #expect(try status(host, "reserved") == .success)
    }

    @Test("spec 4.6: a file that becomes sparse leaves the bypass route without losing a byte")
    func becomesSparse() throws {
        let host = try HostFixture()
        let bytes = pattern(65536)
        try host.hostFile("file", bytes)
        let file = try host.open("file", access: [.read, .write], options: .nonCached)
        defer { file.close() }
        #expect(try file.bypassIO(.enable).results?.status == .success)
        _ = try file.read(at: 0, length: 4096)
        try file.apply(.allocation(.punchHole, offset: 0, length: 4096))
        #expect(file.stream.suspensions == .sparse)
        #expect(try file.read(at: 0, length: 4096) == [UInt8](repeating: 0, count: 4096))
        #expect(try file.read(at: 4096, length: 4096) == Array(bytes[4096..<8192]))
        #expect(file.readsByRoute[.fullBypass] == 1)
        #expect(file.traditionalReadsByCause[.sparse] == 2)
    }

    @Test(
        "spec 6.1: a swap file",
        .enabled(
            if: HostTool.isRoot && HostTool.has("mkswap", "swapon", "swapoff")
                && FileTraitsTests.isExt4, "needs root, swapon and ext4"))
    func swap() throws {
        let host = try HostFixture()
        let path = try host.hostFile("swap", [UInt8](repeating: 0, count: 1 << 20))
        let file = try host.open("swap", options: .attributesOnly)
        defer { file.close() }
        try file.apply(.permissions(0o600))
        try HostTool.run("mkswap", [path.string])
        #expect(try status(host, "swap") == .success)
        try HostTool.run("swapon", [path.string])
        defer { _ = try? HostTool.run("swapoff", [path.string]) }
        #expect(try status(host, "swap") == .pagefileNotSupported)
    }

    @Test(
        "spec 6.1: what one ENABLE learned of a file, the next one on the same handle does not believe blindly",
        .enabled(
            if: HostTool.isRoot
                && HostTool.has("mkswap", "swapon", "swapoff", "chattr", "fallocate")
                && FileTraitsTests.isExt4, "needs root, swapon, chattr and ext4"))
    func learnedBefore() throws {
        let host = try HostFixture()
        let path = try host.hostFile("file", [UInt8](repeating: 0, count: 1 << 20)).string
        try HostTool.run("chmod", ["600", path])
        try HostTool.run("mkswap", [path])
        let file = try host.open("file", options: .nonCached)
        defer { file.close() }
        func enable() throws -> NTStatus? {
            let status = try file.bypassIO(.enable).results?.status
            _ = try file.bypassIO(.disable)
            return status
        }
        // Long enough for the clock to distinguish the file's last change from a new one.
        usleep(60_000)
        for _ in 0..<3 { #expect(try enable() == .success) }
        try HostTool.run("swapon", [path])
        #expect(try enable() == .pagefileNotSupported)
        try HostTool.run("swapoff", [path])
        #expect(try enable() == .success)
        try HostTool.run("chattr", ["+c", path])
        #expect(try enable() == .notSupportedWithCompression)
        try HostTool.run("chattr", ["-c", path])
        #expect(try enable() == .success)
        try HostTool.run("fallocate", ["-p", "-o", "0", "-l", "65536", path])
        #expect(try enable() == .sparseFileNotSupported)
    }

    @Test("A pipe is no file for BypassIO")
    func pipe() throws {
        let host = try HostFixture()
        try host.open("pipe", .create, kind: .special(device: 0), mode: 0o010600).close()
        #expect(try status(host, "pipe") == .notSupported)
    }

    @Test(
        "tmpfs takes O_DIRECT and reads from memory all the same: it vetoes and says so",
        .enabled(if: HostTool.isRoot && HostTool.has("mount", "umount"), "needs root to mount"))
    func memory() throws {
        let mounted = try MountedFileSystem(type: "tmpfs") { _ in "size=1m" }
        let host = try HostFixture(in: mounted.mountPoint)
        try host.hostFile("file", pattern(8192))
        #expect(host.fileSystem.name == "tmpfs")
        #expect(try status(host, "file") == .notSupported)
        let file = try host.open("file", options: .nonCached)
        defer { file.close() }
        let reason = try file.bypassIO(.query).results?.failureReason.string ?? ""
        #expect(reason.contains("memory"))
        let answer = try file.bypassIO(.getInfo)
        #expect(!answer.flags.contains(.compatibleStorageDriver))
    }

    @Test(
        "spec 6.1: a compressed file",
        .enabled(
            if: MountedTraitsTests.has("btrfs", "mkfs.btrfs"),
            "needs root, loop devices and btrfs"))
    func compressed() throws {
        let mounted = try MountedFileSystem(
            "mkfs.btrfs", ["-q"], megabytes: 128, options: "loop,compress-force")
        let host = try HostFixture(in: mounted.mountPoint)
        try host.hostFile("file", [UInt8](repeating: 7, count: 1 << 20))
        #expect(host.fileSystem.name == "btrfs")
        #expect(try status(host, "file") == .notSupportedWithCompression)
    }

    @Test(
        "ext4 with data=journal reads through the cache: it vetoes and says so",
        .enabled(if: HostTool.canMountImages(with: "mkfs.ext4"), "needs root and loop devices"))
    func journaledData() throws {
        let mounted = try MountedFileSystem(
            "mkfs.ext4", ["-q"], megabytes: 16, options: "loop,data=journal")
        let host = try HostFixture(in: mounted.mountPoint)
        try host.hostFile("file", pattern(8192))
        #expect(try status(host, "file") == .notSupported)
        let file = try host.open("file", options: .nonCached)
        defer { file.close() }
        let reason = try file.bypassIO(.query).results?.failureReason.string ?? ""
        #expect(reason.contains("journal") || reason.contains("direct I/O"))
    }

    @Test(
        "spec 4.5: a loop device below the volume keeps bypass partial, with its name",
        .enabled(if: HostTool.canMountImages(with: "mkfs.ext4"), "needs root and loop devices"))
    func loopDevice() throws {
        let mounted = try MountedFileSystem("mkfs.ext4", ["-q"], megabytes: 16)
        let host = try HostFixture(in: mounted.mountPoint)
        let bytes = pattern(8192)
        try host.hostFile("file", bytes)
        let file = try host.open("file", options: .nonCached)
        defer { file.close() }
        #expect(try file.bypassIO(.enable).results?.status == .success)
        let query = try file.bypassIO(.query).results
        #expect(query?.status == .noBypassIODriverSupport)
        #expect(query?.driverName.string == "loop")
        #expect(try file.read(at: 4096, length: 4096) == Array(bytes[4096...]))
        #expect(file.readsByRoute[.filterBypass] == 1)
    }

    @Test(
        "A file on another file system mounted inside the volume does not bypass",
        .enabled(if: HostTool.isRoot && HostTool.has("mount", "umount"), "needs root to mount"))
    func mountInside() throws {
        let mounted = try MountedFileSystem(type: "tmpfs") { _ in "size=1m" }
        try mounted.file("file", pattern(8192))
        let volume = try HostVolume.mount(directory: mounted.folder.path, on: IOManager())
        let file = try volume.open("mount/file", options: .nonCached)
        defer { file.close() }
        #expect(try file.bypassIO(.enable).results?.status == .notSupported)
        let root = try volume.open("mount")
        defer { root.close() }
        #expect(root.stream.kind == .directory)
    }
}
