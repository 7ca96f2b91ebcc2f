import IOStack
import LinuxKit
import SystemPackage
import TestSupport
import Testing

@testable import HostFileSystem

@Suite("Information and changes of host files")
struct ChangeTests {
    @Test("Information is what statx(2) tells")
    func information() throws {
        let host = try HostFixture()
        try host.hostFile("file", [UInt8](repeating: 1, count: 10_000))
        let file = try host.open("file")
        defer { file.close() }
        let status = try host.status("file")
        let told = try file.information()
        #expect(told.kind == .regularFile)
        #expect(told.id == FileID(device: status.device.encoded, inode: status.inode))
        #expect(told.size == 10_000)
        #expect(told.allocatedSize == status.blocks * 512)
        #expect(told.permissions == 0o644 & ~currentMask)
        #expect(told.linkCount == 1)
        #expect(told.preferredIOSize == status.blockSize)
        #expect(told.modificationTime == FileTime(status.modified))
        #expect(told.birthTime == status.created.map { FileTime($0) })
        #expect(told.attributes.isEmpty)
    }

    /// The process' umask, found by the mode bits that a new file lacks.
    private var currentMask: UInt32 {
        guard let folder = try? TemporaryFolder(),
            (try? SystemCall.open(
                folder.path.appending("m"), [.writeOnly, .create], mode: 0o777)) != nil,
            let status = try? SystemCall.status(
                of: folder.path.appending("m"), followingLinks: false)
        else { return 0 }
        return 0o777 & ~UInt32(status.mode)
    }

    @Test("Permissions, owner and times change through handles of every kind")
    func metadata() throws {
        let host = try HostFixture()
        try host.hostFile("file")
        try SystemCall.makeDirectory(host.root.appending("folder"), mode: 0o755)
        let time = FileTime(seconds: 1_000_000_000, nanoseconds: 123_456_789)
        for (name, options) in [
            ("file", []), ("file", .attributesOnly), ("folder", []), ("folder", .attributesOnly),
        ] as [(FilePath, CreateParameters.Options)] {
            let file = try host.open(name, options: options)
            defer { file.close() }
            try file.apply(.permissions(0o751))
            try file.apply(.times(access: nil, modification: .to(time)))
            let before = try file.information()
            #expect(before.permissions == 0o751)
            #expect(before.modificationTime == time)
            try file.apply(.times(access: .to(time), modification: .now))
            #expect(try file.information().accessTime == time)
            #expect(try file.information().modificationTime != time)
            let old = FileTime(seconds: -1, nanoseconds: 5)
            try file.apply(.times(access: .to(old), modification: nil))
            #expect(try file.information().accessTime == old)
        }
    }

    @Test("A symbolic link's own owner and times change, not its target's")
    func linkMetadata() throws {
        let host = try HostFixture()
        try host.hostFile("file")
        let link = try host.open("link", .create, kind: .symbolicLink(target: Array("file".utf8)))
        defer { link.close() }
        let before = try host.status("file").modified
        let time = FileTime(seconds: 5, nanoseconds: 0)
        try link.apply(.times(access: nil, modification: .to(time)))
        #expect(try link.information().modificationTime == time)
        #expect(try host.status("file").modified == before)
        #expect(
            errno { () throws(IOFailure) in try link.apply(.permissions(0o600)) }
                == .notSupported)
    }

    @Test("Owners change for root", .enabled(if: HostTool.isRoot, "only root may give files away"))
    func owner() throws {
        let host = try HostFixture()
        try host.hostFile("file")
        let link = try host.open("link", .create, kind: .symbolicLink(target: Array("file".utf8)))
        let file = try host.open("file", options: .attributesOnly)
        defer { for handle in [link, file] { handle.close() } }
        try file.apply(.owner(userID: 1234, groupID: nil))
        try link.apply(.owner(userID: nil, groupID: 4321))
        #expect(try file.information().userID == 1234)
        #expect(try file.information().groupID == 0)
        #expect(try link.information().userID == 0)
        #expect(try link.information().groupID == 4321)
    }

    @Test("Sizes change for those who may write, with the errno of ftruncate(2)")
    func sizes() throws {
        let host = try HostFixture()
        try host.hostFile("file", [1, 2, 3])
        let reader = try host.open("file")
        let writer = try host.open("file", access: .write)
        let folder = try host.open("")
        let pipe = try host.open("pipe", .create, kind: .special(device: 0), mode: 0o010600)
        defer { for handle in [reader, writer, folder, pipe] { handle.close() } }
        func resize(_ file: FileObject, _ size: UInt64) -> Errno? {
            errno { () throws(IOFailure) in try file.apply(.endOfFile(size)) }
        }
        #expect(resize(reader, 1) == .invalidArgument)
        #expect(resize(writer, 2) == nil)
        #expect(try writer.information().size == 2)
        #expect(resize(writer, UInt64.max) == .fileTooLarge)
        #expect(resize(folder, 0) == .invalidArgument)
        #expect(resize(pipe, 0) == .invalidArgument)
    }

    @Test(
        "fallocate(2) in all its modes",
        .enabled(if: FileTraitsTests.isExt4, "needs ext4 below /var/tmp, which knows them all"))
    func allocation() throws {
        let host = try HostFixture()
        let bytes = pattern(4 * 4096)
        try host.hostFile("file", bytes)
        let file = try host.open("file", access: [.read, .write])
        defer { file.close() }
        func page(_ index: Int) -> [UInt8] { Array(bytes[index * 4096..<(index + 1) * 4096]) }
        func now(_ index: Int) throws -> [UInt8] {
            try file.read(at: UInt64(index * 4096), length: 4096)
        }
        let zeroes = [UInt8](repeating: 0, count: 4096)
        try file.apply(.allocation(.punchHole, offset: 4096, length: 4096))
        #expect(try now(1) == zeroes)
        #expect(try file.nextHole(from: 0) == 4096)
        #expect(try file.nextData(from: 4096) == 8192)
        #expect(try file.information().attributes.contains(.sparse))
        try file.apply(.allocation(.zeroRange, offset: 8192, length: 4096))
        #expect(try now(2) == zeroes)
        try file.apply(.allocation(.collapseRange, offset: 4096, length: 8192))
        #expect(try file.information().size == 8192)
        #expect(try now(1) == page(3))
        try file.apply(.allocation(.insertRange, offset: 4096, length: 4096))
        #expect(try now(1) == zeroes)
        #expect(try now(2) == page(3))
        try file.apply(.allocation(.keepSize, offset: 0, length: 1 << 20))
        #expect(try file.information().size == 12288)
        try file.apply(.allocation(.extend, offset: 0, length: 1 << 20))
        #expect(try file.information().size == 1 << 20)
        func refusal(_ mode: FileChange.Allocation, _ offset: UInt64, _ length: UInt64) -> Errno? {
            errno { () throws(IOFailure) in
                try file.apply(.allocation(mode, offset: offset, length: length))
            }
        }
        #expect(refusal(.extend, 0, 0) == .invalidArgument)
        #expect(refusal(.collapseRange, 1, 4096) == .invalidArgument)
        #expect(refusal(.extend, UInt64.max, 1) == .fileTooLarge)
    }

    @Test("SEEK_DATA and SEEK_HOLE beyond the end are ENXIO")
    func seekBeyondEnd() throws {
        let host = try HostFixture()
        try host.hostFile("file", [1, 2, 3])
        let file = try host.open("file")
        defer { file.close() }
        #expect(try file.nextData(from: 0) == 0)
        #expect(try file.nextHole(from: 0) == 3)
        for offset: UInt64 in [3, 4, UInt64(Int64.max), UInt64.max] {
            for seek in [FileObject.nextData, FileObject.nextHole] {
                let code = errno { () throws(IOFailure) in _ = try seek(file)(offset, nil) }
                #expect(code == .noSuchAddressOrDevice)
            }
        }
    }

    @Test("Writes to an append handle go to the end")
    func append() throws {
        let host = try HostFixture()
        try host.hostFile("file", Array("abc".utf8))
        let file = try host.open("file", access: [.read, .write], options: .append)
        defer { file.close() }
        try file.write(Array("def".utf8), at: 0)
        #expect(try file.read(at: 0, length: 16) == Array("abcdef".utf8))
    }

    @Test("flush reaches the host; a handle without data has nothing to flush")
    func flush() throws {
        let host = try HostFixture()
        try host.hostFile("file", [1])
        let file = try host.open("file", access: [.read, .write])
        let folder = try host.open("")
        let bare = try host.open("file", options: .attributesOnly)
        defer { for handle in [file, folder, bare] { handle.close() } }
        try file.flush()
        try file.flush(dataOnly: true)
        try folder.flush()
        #expect(errno { () throws(IOFailure) in try bare.flush() } == .badFileDescriptor)
    }

    @Test("Volume information is what statfs(2) tells")
    func volume() throws {
        let host = try HostFixture()
        let root = try host.open("")
        defer { root.close() }
        let told = try root.volumeInformation()
        let status = try SystemCall.fileSystemStatus(of: host.root)
        #expect(told.blockSize == status.fragmentSize)
        #expect(told.totalBlocks == status.blocks)
        #expect(told.totalFiles == status.files)
        #expect(told.maximumNameLength == 255)
    }
}
