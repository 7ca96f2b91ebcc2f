import BypassIOProtocol
import LinuxKit
import SystemPackage
import TestSupport
import Testing

@testable import HostFileSystem

@Suite("File traits on the running kernel")
struct FileTraitsTests {
    /// Whether /var/tmp is on ext4, whose answers some tests state exactly.
    static let isExt4 =
        (try? FileTraits.read(at: "/var/tmp").fileSystemMagic) == FileSystemMagic.ext4

    static let block = [UInt8](repeating: 0x5A, count: 65536)

    @Test(
        "spec 6.1: a plain file has no veto and its direct-I/O alignment comes from statx",
        .enabled(if: isExt4, "needs ext4 below /var/tmp"))
    func plain() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("plain", Self.block)
        let traits = try FileTraits.read(at: path, flushing: true)
        #expect(traits.kind == .regular)
        #expect(traits.size == 65536)
        #expect(traits.allocated >= 65536)
        for fact in [
            traits.compressed, traits.encrypted, traits.sparse, traits.unwritten,
            traits.inlineData, traits.verity, traits.journalsData, traits.immutable,
            traits.appendOnly, traits.swapFile, traits.dax,
        ] {
            #expect(fact == .no)
        }
        #expect(traits.directIO.source == .statx)
        #expect(traits.directIO.support == .yes)
        #expect(traits.directIO.offset >= 512)
        #expect(traits.fileSystemName == "ext4")
        #expect(traits.vetoes(driverName: "ext4").isEmpty)
        #expect(traits.verdict(driverName: "ext4").status == .success)
    }

    @Test("spec 6.1: a hole makes a file sparse, at its start, inside and at its end")
    func sparse() throws {
        let folder = try TemporaryFolder()
        let size = 1 << 20
        for start in [0, size / 2, size - 4096] {
            let path = try folder.file("sparse\(start)", [])
            let file = OpenFile(try SystemCall.open(path, .readWrite))
            try SystemCall.truncate(file.descriptor, to: Int64(size))
            try SystemCall.writeAll(
                [UInt8](repeating: 1, count: 4096), to: file.descriptor, at: Int64(start))
            let traits = try FileTraits.read(of: file.descriptor)
            #expect(traits.sparse == .yes)
            #expect(traits.verdict(driverName: "ext4").status == .sparseFileNotSupported)
        }
    }

    @Test(
        "Reserved space that was never written is no hole, though SEEK_HOLE says so",
        .enabled(if: isExt4, "needs ext4 below /var/tmp"))
    func preallocated() throws {
        let folder = try TemporaryFolder()
        let file = OpenFile(try SystemCall.open(try folder.file("pre", []), .readWrite))
        try SystemCall.allocate(file.descriptor, offset: 0, length: 1 << 20)
        #expect(try SystemCall.seek(file.descriptor, to: 0, from: .hole) == 0)
        let traits = try FileTraits.read(of: file.descriptor)
        #expect(traits.unwritten == .yes)
        #expect(traits.sparse == .no)
        #expect(traits.vetoes(driverName: "ext4").isEmpty)
    }

    @Test(
        "A hole is found although space reserved behind the end makes up for its blocks",
        .enabled(if: isExt4, "needs ext4 below /var/tmp"))
    func holeHiddenByReserve() throws {
        let folder = try TemporaryFolder()
        let file = OpenFile(
            try SystemCall.open(try folder.file("hidden", Self.block), .readWrite))
        try SystemCall.allocate(
            file.descriptor, [.punchHole, .keepSize], offset: 16384, length: 16384)
        try SystemCall.allocate(
            file.descriptor, .keepSize, offset: 65536, length: 1 << 20)
        let traits = try FileTraits.read(of: file.descriptor)
        #expect(traits.allocated > traits.size)
        #expect(traits.sparse == .yes)
    }

    @Test("An empty file is not sparse")
    func empty() throws {
        let folder = try TemporaryFolder()
        let traits = try FileTraits.read(at: try folder.file("empty", []))
        #expect(traits.sparse == .no)
        #expect(traits.unwritten == .no)
        #expect(traits.inlineData == .no)
    }

    @Test("The position of the descriptor that is asked about does not move")
    func positionKept() throws {
        let folder = try TemporaryFolder()
        let file = OpenFile(
            try SystemCall.open(try folder.file("f", Self.block), .readWrite))
        try SystemCall.seek(file.descriptor, to: 12345)
        _ = try FileTraits.read(of: file.descriptor)
        #expect(try SystemCall.seek(file.descriptor, to: 0, from: .current) == 12345)
    }

    @Test("Pipes, sockets, links, devices and directories answer without being opened")
    func kinds() throws {
        let folder = try TemporaryFolder()
        let pipe = folder.path.appending("pipe")
        try SystemCall.makeNode(pipe, mode: 0o010600)
        let socket = folder.path.appending("socket")
        try SystemCall.makeNode(socket, mode: 0o140600)
        let link = folder.path.appending("link")
        try SystemCall.makeSymbolicLink(to: Array("nowhere".utf8), named: link)
        let kinds: [(FilePath, FileTraits.Kind)] = [
            (pipe, .fifo), (socket, .socket), (link, .symbolicLink),
            ("/dev/null", .characterDevice), (folder.path, .directory),
        ]
        for (path, kind) in kinds {
            let traits = try FileTraits.read(at: path, followingLinks: false)
            #expect(traits.kind == kind)
            #expect(traits.directIO.support == .no)
            let vetoes = traits.vetoes(driverName: "ext4").map(\.status)
            #expect(vetoes == (kind == .directory ? [] : [.notSupported]))
        }
        #expect(throws: Errno.noSuchFileOrDirectory) { _ = try FileTraits.read(at: link) }
    }

    @Test(
        "Immutable and append-only are seen",
        .enabled(if: isExt4 && HostTool.isRoot, "needs root and ext4 below /var/tmp"))
    func flags() throws {
        let folder = try TemporaryFolder()
        let file = OpenFile(try SystemCall.open(try folder.file("f", [1]), .readWrite))
        let plain = try SystemCall.inodeFlags(of: file.descriptor)
        try SystemCall.setInodeFlags(
            of: file.descriptor, to: plain.union([.immutable, .appendOnly]))
        let traits = Result { try FileTraits.read(of: file.descriptor) }
        try SystemCall.setInodeFlags(of: file.descriptor, to: plain)
        #expect(try traits.get().immutable == .yes)
        #expect(try traits.get().appendOnly == .yes)
    }

    @Test(
        "spec 6.1: the compress attribute vetoes, on ext4 too, which stores it and acts not on it",
        .enabled(if: isExt4, "needs ext4 below /var/tmp"))
    func compressAttribute() throws {
        let folder = try TemporaryFolder()
        let file = OpenFile(try SystemCall.open(try folder.file("f", Self.block), .readWrite))
        let plain = try SystemCall.inodeFlags(of: file.descriptor)
        try SystemCall.setInodeFlags(of: file.descriptor, to: plain.union(.compressed))
        let traits = try FileTraits.read(of: file.descriptor)
        #expect(traits.compressed == .yes)
        #expect(
            traits.verdict(driverName: "ext4").status == .notSupportedWithCompression)
        try SystemCall.setInodeFlags(of: file.descriptor, to: plain)
        #expect(try FileTraits.read(of: file.descriptor).compressed == .no)
    }

    @Test("A bit that the attribute mask lacks is unknown, not false")
    func unknownIsNotFalse() throws {
        // procfs reports neither of these in the mask and has no inode flags.
        let traits = try FileTraits.read(at: "/proc/self/status")
        #expect(traits.encrypted == .unknown)
        #expect(traits.compressed == .unknown)
        #expect(traits.vetoes(driverName: "proc").allSatisfy { $0.status == .notSupported })
    }

    @Test("spec 6.1: vetoes come in a fixed order, each with its status")
    func vetoOrder() throws {
        let folder = try TemporaryFolder()
        var traits = try FileTraits.read(at: try folder.file("f", Self.block))
        traits.swapFile = .yes
        traits.dax = .yes
        traits.encrypted = .yes
        traits.compressed = .yes
        traits.sparse = .yes
        traits.directIO = .unsupported(.statx)
        let vetoes = traits.vetoes(driverName: "ext4")
        #expect(
            vetoes.map(\.status.rawValue) == [
                0xC000_04C5, 0xC000_049A, 0xC000_04C3, 0xC000_04CA, 0xC000_04C4, 0xC000_00BB,
            ])
        for veto in vetoes {
            #expect(veto.layer == .fileSystem)
            #expect(veto.driverName == "ext4")
            #expect(!veto.reason.isEmpty && veto.reason.utf16.count <= 128)
        }
        traits.sparse = .unknown
        #expect(!traits.vetoes(driverName: "ext4").contains { $0.status.rawValue == 0xC000_04C4 })
    }

    @Test("spec 4.6: inline data alone is no veto, although it has no direct I/O")
    func inlineIsNoVeto() throws {
        let folder = try TemporaryFolder()
        var traits = try FileTraits.read(at: try folder.file("f", Self.block))
        traits.inlineData = .yes
        traits.directIO = .unsupported(.statx)
        #expect(traits.vetoes(driverName: "ext4").isEmpty)
    }

    @Test("/proc/swaps is read with its escapes, tabs and header")
    func swapTable() {
        let text = "Filename\tType\n/swap\\040file  file\t1\t0\t-2\n/dev/sda2 partition 1 0 -3\n"
        let table = SwapTable(parsing: Array(text.utf8))
        #expect(table.areas.map(\.path) == ["/swap file", "/dev/sda2"])
        #expect(table.areas.map(\.isFile) == [true, false])
        #expect(SwapTable(parsing: []).areas.isEmpty)
    }
}
