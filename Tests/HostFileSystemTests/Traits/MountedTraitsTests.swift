import BypassIOProtocol
import LinuxKit
import SystemPackage
import TestSupport
import Testing

@testable import HostFileSystem

/// File systems in images, mounted for one test each. Serialized, because they share loop devices.
@Suite("Traits and topology on file systems of every kind", .serialized)
struct MountedTraitsTests {
    static let needs = "needs root, loop devices, the kernel's driver and the mkfs program"

    static func has(_ type: String, _ tool: String) -> Bool {
        HostTool.canMountImages(with: tool) && HostTool.kernelKnows(type)
    }

    static let random = (0..<1 << 20).map { _ in UInt8.random(in: 0...255) }

    @Test(
        "spec 6.1: a swap file in use is vetoed, and free again after swapoff",
        .enabled(
            if: HostTool.isRoot && HostTool.has("mkswap", "swapon", "swapoff")
                && FileTraitsTests.isExt4, "needs root, util-linux's swap tools, ext4"))
    func swapFile() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("swap file", [])
        let file = OpenFile(try SystemCall.open(path, .readWrite))
        try SystemCall.changeMode(of: file.descriptor, to: 0o600)
        try SystemCall.writeAll(
            [UInt8](repeating: 0, count: 2 << 20), to: file.descriptor, at: 0)
        try SystemCall.sync(file.descriptor)
        try HostTool.run("mkswap", [path.string])
        try HostTool.run("swapon", [path.string])
        let used = Result { try FileTraits.read(at: path) }
        try HostTool.run("swapoff", [path.string])
        #expect(try used.get().swapFile == .yes)
        #expect(
            try used.get().verdict(driverName: "ext4").status == .pagefileNotSupported)
        #expect(try FileTraits.read(at: path).swapFile == .no)
    }

    @Test(
        "tmpfs: reserved memory is not sparse, a hole is; the storage is memory",
        .enabled(if: HostTool.isRoot && HostTool.has("mount", "umount"), "needs root"))
    func tmpfs() throws {
        let mounted = try MountedFileSystem(type: "tmpfs") { _ in "size=8m" }
        let path = try mounted.file("f", [])
        let file = OpenFile(try SystemCall.open(path, .readWrite))
        try SystemCall.allocate(file.descriptor, offset: 0, length: 65536)
        let reserved = try FileTraits.read(of: file.descriptor)
        #expect(reserved.sparse == .no)
        #expect(reserved.unwritten == .yes)
        try SystemCall.truncate(file.descriptor, to: 1 << 20)
        #expect(try FileTraits.read(of: file.descriptor).sparse == .yes)
        let inspection = try HostInspection.read(at: path)
        #expect(inspection.topology.fileSystem == "tmpfs")
        #expect(inspection.topology.storageType == "RAM")
        #expect(inspection.topology.firstVeto?.driverName == "tmpfs")
        #expect(inspection.topology.firstVeto?.status == .noBypassIODriverSupport)
    }

    @Test(
        "ext4 with inline_data: a small file is inline and has no direct I/O; a large one not",
        .enabled(if: has("ext4", "mkfs.ext4"), "\(needs)"))
    func ext4Inline() throws {
        let mounted = try MountedFileSystem(
            "mkfs.ext4", ["-q", "-O", "inline_data", "-I", "256"], megabytes: 16)
        let small = try FileTraits.read(at: try mounted.file("small", Array("tiny".utf8)))
        #expect(small.inlineData == .yes)
        #expect(small.directIO.support == .no)
        #expect(small.sparse == .no)
        #expect(small.vetoes(driverName: "ext4").isEmpty)
        let large = try FileTraits.read(at: try mounted.file("large", Self.random))
        #expect(large.inlineData == .no)
        #expect(large.directIO.support == .yes)
    }

    @Test(
        "A file system on a loop device: loop vetoes, the disk below the image is found",
        .enabled(if: has("ext4", "mkfs.ext4"), "\(needs)"))
    func loopTopology() throws {
        let mounted = try MountedFileSystem("mkfs.ext4", ["-q"], megabytes: 16)
        let topology = try StorageDiscovery().topology(of: mounted.mountPoint)
        #expect(topology.fileSystem == "ext4")
        let layer = try #require(topology.volumes.first)
        #expect(layer.driver == "loop")
        #expect(layer.backingFile == mounted.image)
        let below = try StorageDiscovery().topology(of: mounted.image)
        #expect(layer.backingFileSystem == below.fileSystem)
        #expect(topology.disks == below.disks)
        #expect(topology.firstVeto?.driverName == "loop")
        #expect(topology.hasCompatibleStorageDriver == below.hasCompatibleStorageDriver)
    }

    @Test(
        "XFS: sparse and preallocated files, and alignment from statx",
        .enabled(if: has("xfs", "mkfs.xfs"), "\(needs)"))
    func xfs() throws {
        let mounted = try MountedFileSystem("mkfs.xfs", ["-q"], megabytes: 320)
        let plain = try FileTraits.read(at: try mounted.file("plain", Self.random))
        #expect(plain.sparse == .no)
        #expect(plain.directIO.source == .statx)
        #expect(plain.directIO.support == .yes)
        #expect(plain.directIO.readOffset <= plain.directIO.offset)
        #expect(plain.directIO.readOffset >= 512)
        #expect(plain.compressed == .no)
        #expect(plain.vetoes(driverName: "xfs").isEmpty)
        let reserved = OpenFile(
            try SystemCall.open(try mounted.file("reserved", []), .readWrite))
        try SystemCall.allocate(reserved.descriptor, offset: 0, length: 1 << 20)
        #expect(try FileTraits.read(of: reserved.descriptor).sparse == .no)
        #expect(try FileTraits.read(of: reserved.descriptor).unwritten == .yes)
        let sparse = OpenFile(try SystemCall.open(try mounted.file("sparse", []), .readWrite))
        try SystemCall.truncate(sparse.descriptor, to: 1 << 20)
        #expect(try FileTraits.read(of: sparse.descriptor).sparse == .yes)
    }

    @Test(
        "btrfs compresses by mount option without a flag; only the extents tell",
        .enabled(if: has("btrfs", "mkfs.btrfs"), "\(needs)"))
    func btrfsCompressed() throws {
        let mounted = try MountedFileSystem(
            "mkfs.btrfs", ["-q"], megabytes: 128, options: "loop,compress-force=zstd")
        let text = [UInt8](repeating: 0x41, count: 1 << 20)
        let path = try mounted.file("text", text)
        let traits = try FileTraits.read(at: path, flushing: true)
        #expect(traits.compressed == .yes)
        #expect(traits.sparse == .no)
        #expect(
            traits.verdict(driverName: "btrfs").status == .notSupportedWithCompression)
    }

    @Test(
        "btrfs: a small file is inline, a large one plain, and the loop device is found",
        .enabled(if: has("btrfs", "mkfs.btrfs"), "\(needs)"))
    func btrfsPlain() throws {
        let mounted = try MountedFileSystem("mkfs.btrfs", ["-q"], megabytes: 128)
        let small = try FileTraits.read(
            at: try mounted.file("small", Array("tiny".utf8)), flushing: true)
        #expect(small.inlineData == .yes)
        let plain = try FileTraits.read(
            at: try mounted.file("plain", Self.random), flushing: true)
        #expect(plain.compressed == .no)
        #expect(plain.inlineData == .no)
        #expect(plain.sparse == .no)
        #expect(plain.directIO.source == .probe)
        #expect(plain.directIO.support == .yes)
        // The device number of btrfs is anonymous; sysfs has to lead to the loop device.
        let topology = try StorageDiscovery().topology(of: mounted.mountPoint)
        #expect(topology.fileSystem == "btrfs")
        #expect(topology.volumes.first?.driver == "loop")
        #expect(!topology.disks.isEmpty)
    }

    @Test(
        "spec 3.3: an overlay answers with virtualization and names what lies below",
        .enabled(
            if: HostTool.isRoot && HostTool.has("mount", "umount")
                && HostTool.kernelKnows("overlay"), "needs root and overlayfs"))
    func overlay() throws {
        let mounted = try MountedFileSystem(type: "overlay") { folder in
            for name in ["lower", "upper", "work"] {
                try SystemCall.makeDirectory(folder.appending(name), mode: 0o755)
            }
            return "lowerdir=\(folder)/lower,upperdir=\(folder)/upper,workdir=\(folder)/work"
        }
        let inspection = try HostInspection.read(at: try mounted.file("f", Self.random))
        let below = try StorageDiscovery().topology(of: mounted.folder.path)
        #expect(
            inspection.topology.underlying.map(\.fileSystem) == [
                below.fileSystem, below.fileSystem,
            ])
        #expect(inspection.topology.underlying.first?.disks == below.disks)
        #expect(inspection.firstVeto?.status == .notSupportedWithVirtualization)
        #expect(inspection.firstVeto?.driverName == "overlay")
    }
}
