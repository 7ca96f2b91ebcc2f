import BypassIOProtocol
import IOStack
import LinuxKit
import SystemPackage
import Testing

@testable import HostFileSystem

@Suite("Opening and making files of a host directory")
struct CreateTests {
    @Test("A disposition decides about what exists and what is missing, with open(2)'s errno")
    func dispositions() throws {
        let host = try HostFixture()
        for (disposition, onMissing, onExisting, sizeAfter) in [
            (CreateParameters.Disposition.open, Errno.noSuchFileOrDirectory, nil, 5),
            (.create, nil, .fileExists, 5), (.openIf, nil, nil, 5),
            (.overwrite, .noSuchFileOrDirectory, nil, 0), (.overwriteIf, nil, nil, 0),
        ] as [(CreateParameters.Disposition, Errno?, Errno?, UInt64)] {
            try host.hostFile("old", Array("hello".utf8))
            let new = FilePath("new-\(disposition)")
            let access: CreateParameters.Access = [.read, .write]
            #expect(host.openErrno(new, access: access, disposition) == onMissing)
            #expect(host.openErrno("old", access: access, disposition) == onExisting)
            #expect(try host.status("old").size == sizeAfter)
        }
    }

    @Test("wasCreated tells who made the file (FILE_CREATED)")
    func wasCreated() throws {
        let host = try HostFixture()
        func opened(_ disposition: CreateParameters.Disposition) throws -> OpenedFile {
            try host.fileSystem.create(
                CreateParameters(path: "x", access: .write, disposition: disposition), for: .kernel)
        }
        #expect(try opened(.openIf).wasCreated)
        #expect(try !opened(.openIf).wasCreated)
        #expect(try !opened(.overwriteIf).wasCreated)
    }

    @Test("What is found must be of the kind that was asked for")
    func kinds() throws {
        let host = try HostFixture()
        try host.hostFile("file")
        try SystemCall.makeDirectory(host.root.appending("folder"), mode: 0o755)
        try SystemCall.makeSymbolicLink(to: Array("file".utf8), named: host.root.appending("link"))
        #expect(host.openErrno("file", kind: .directory) == .notDirectory)
        #expect(host.openErrno("folder", kind: .regularFile) == .isDirectory)
        #expect(host.openErrno("folder", access: [.read, .write]) == .isDirectory)
        #expect(host.openErrno("folder", .overwrite) == .isDirectory)
        #expect(host.openErrno("file", .create, kind: .directory) == .fileExists)
        #expect(host.openErrno("folder", .overwriteIf, kind: .directory) == .isDirectory)
        #expect(host.openErrno("folder", .openIf, kind: .directory) == nil)
        #expect(
            host.openErrno("link", kind: .regularFile, options: .noFollow)
                == .tooManySymbolicLinkLevels)
        #expect(host.openErrno("file/below") == .notDirectory)
        #expect(host.openErrno("missing/below", .create) == .noSuchFileOrDirectory)
    }

    @Test(
        "A file that is opened by the descriptor that it was looked at with has the flags asked for"
    )
    func flagsOfExisting() throws {
        let host = try HostFixture()
        try host.hostFile("file", [1, 2, 3])
        let file = try host.open(
            "file", access: [.read, .write], kind: .regularFile,
            options: [.append, .nonCached])
        defer { file.close() }
        let storage = try #require(file.storage)
        let flags = try SystemCall.statusFlags(FileDescriptor(rawValue: storage.rawValue))
        #expect(flags.isSuperset(of: [.readWrite, .append, .direct]))
        #expect(flags.isDisjoint(with: .nonBlocking))
    }

    @Test("The root is the volume handle, other directories are directory handles")
    func streamKinds() throws {
        let host = try HostFixture()
        let folder = try host.open("folder", .create, kind: .directory, mode: 0o700)
        let inside = try host.open("", in: folder)
        let file = try host.open("file", access: .write, .create)
        let root = try host.open("")
        let again = try host.open("folder/..")
        defer { for handle in [folder, inside, file, root, again] { handle.close() } }
        #expect(folder.stream.kind == .directory)
        #expect(inside.stream === folder.stream)
        #expect(file.stream.kind == .file)
        #expect(root.stream.kind == .volume)
        #expect(again.stream === root.stream)
        #expect(folder.storage == nil)
        #expect(file.storage != nil)
        #expect(try host.status("folder").mode & 0o7777 == 0o700)
    }

    @Test("A pipe without a partner is opened at once, for its attributes only")
    func pipe() throws {
        let host = try HostFixture()
        let made = try host.open("pipe", .create, kind: .special(device: 0), mode: 0o010600)
        made.close()
        for access in [CreateParameters.Access.read, .write, [.read, .write]] {
            let pipe = try host.open("pipe", access: access)
            defer { pipe.close() }
            #expect(pipe.stream.kind == .other)
            #expect(try pipe.information().kind == .fifo)
            #expect(errno { () throws(IOFailure) in _ = try pipe.read(at: 0, length: 1) } != nil)
        }
        #expect(host.openErrno("pipe", access: .write, .overwrite) == .invalidArgument)
    }

    @Test(
        "A device is a handle for attributes: its driver is never opened",
        .enabled(if: HostTool.isRoot, "only root may make device nodes"))
    func device() throws {
        let host = try HostFixture()
        // Major 240 is for experiments and has no driver, so opening the node for data would fail
        // with ENXIO.
        let number = DeviceNumber(major: 240, minor: 70_000).encoded
        let made = try host.open("dev", .create, kind: .special(device: number), mode: 0o020600)
        made.close()
        let device = try host.open("dev", access: [.read, .write])
        defer { device.close() }
        let information = try device.information()
        #expect(information.kind == .characterDevice)
        #expect(information.deviceNumber == number)
        #expect(information.permissions == 0o600)
        #expect(DeviceNumber(encoded: number) == DeviceNumber(major: 240, minor: 70_000))
    }

    @Test("A symbolic link holds any bytes, is followed, and is itself with noFollow")
    func symbolicLinks() throws {
        let host = try HostFixture()
        try host.hostFile("target", [1, 2, 3])
        let link = try host.open("link", .create, kind: .symbolicLink(target: Array("target".utf8)))
        defer { link.close() }
        #expect(try link.linkTarget() == Array("target".utf8))
        #expect(try link.information().kind == .symbolicLink)
        let followed = try host.open("link")
        defer { followed.close() }
        #expect(try followed.read(at: 0, length: 8) == [1, 2, 3])
        #expect(
            errno { () throws(IOFailure) in _ = try followed.linkTarget() } == .invalidArgument)
        let itself = try host.open("link", options: .noFollow)
        defer { itself.close() }
        #expect(itself.stream === link.stream)
        #expect(
            host.openErrno("link", .create, kind: .symbolicLink(target: Array("x".utf8)))
                == .fileExists)
        // Bytes that are no text, and a path that a path type would normalise.
        let odd: [UInt8] = [0xFF, 0xFE] + Array("a//b/./".utf8)
        let strange = try host.open("strange", .create, kind: .symbolicLink(target: odd))
        defer { strange.close() }
        #expect(try strange.linkTarget() == odd)
    }

    @Test("Making a file through a link to nothing makes what the link names, as open(2) does")
    func danglingLink() throws {
        let host = try HostFixture()
        try host.open("folder", .create, kind: .directory, mode: 0o755).close()
        let link = host.root.appending("folder/link")
        try SystemCall.makeSymbolicLink(to: Array("../made".utf8), named: link)
        #expect(host.openErrno("folder/link", access: .write, .create) == .fileExists)
        #expect(host.openErrno("folder/link", access: .write, .openIf) == nil)
        #expect(try host.status("made").mode & 0o170000 == 0o100000)
        try SystemCall.makeSymbolicLink(to: Array("b".utf8), named: host.root.appending("a"))
        try SystemCall.makeSymbolicLink(to: Array("a".utf8), named: host.root.appending("b"))
        #expect(host.openErrno("a", access: .write, .openIf) == .tooManySymbolicLinkLevels)
    }

    @Test("Options become the host's flags")
    func options() throws {
        let host = try HostFixture()
        func flags(_ options: CreateParameters.Options) throws -> OpenFlags {
            let opened = try host.fileSystem.create(
                CreateParameters(
                    path: "file", access: [.read, .write], disposition: .openIf, options: options),
                for: .kernel)
            return try withExtendedLifetime(opened.context) {
                let number = try #require(opened.storage).rawValue
                return try SystemCall.statusFlags(FileDescriptor(rawValue: number))
            }
        }
        #expect(try flags([]).isDisjoint(with: [.direct, .append, .sync, .nonBlocking]))
        #expect(try flags(.nonCached).contains(.direct))
        #expect(try flags(.append).contains(.append))
        #expect(try flags(.writeThrough).contains(.sync))
    }

    @Test("A temporary file has no name until it is linked")
    func temporary() throws {
        let host = try HostFixture()
        let file = try host.open("", access: [.read, .write], .create, options: .temporary)
        defer { file.close() }
        #expect(try file.information().linkCount == 0)
        try file.write(Array("kept".utf8), at: 0)
        let root = try host.open("")
        defer { root.close() }
        try file.apply(.link("kept", in: root))
        #expect(try file.information().linkCount == 1)
        #expect(try host.status("kept").size == 4)
    }

    @Test("An attributes-only handle reads and writes nothing but changes attributes")
    func attributesOnly() throws {
        let host = try HostFixture()
        try host.hostFile("file", [1, 2, 3])
        let file = try host.open("file", options: .attributesOnly)
        defer { file.close() }
        #expect(file.storage == nil)
        #expect(try file.information().size == 3)
        try file.apply(.permissions(0o640))
        try file.apply(.endOfFile(1))
        #expect(try file.information().size == 1)
        #expect(try file.information().permissions == 0o640)
        let made = try host.open("new", .create, options: .attributesOnly, mode: 0o600)
        defer { made.close() }
        #expect(try made.information().kind == .regularFile)
        #expect(host.openErrno("new", .create, options: .attributesOnly) == .fileExists)
    }

    @Test("A name is any bytes but NUL and slash, 1 to 255 of them")
    func names() throws {
        let host = try HostFixture()
        let bytes = (1...255).filter { $0 != 0x2F }.map { UInt8($0) }
        for name in [bytes, [0x20], [0xC3], Array("-x \n".utf8)] {
            let path = FilePath(bytes: name)
            #expect(host.openErrno(path, access: .write, .create) == nil)
            let root = try host.open("")
            defer { root.close() }
            let found = try root.entries(after: 0, limit: 100).map(\.name)
            #expect(found.contains(name))
            let component = try #require(path.lastComponent)
            try root.apply(.unlink(component, directory: false))
        }
        let long = FilePath(bytes: [UInt8](repeating: 0x61, count: 256))
        #expect(host.openErrno(long, access: .write, .create) == .fileNameTooLong)
    }

    @Test("spec 4.3: a non-cached handle carries the alignment that statx tells")
    func alignment() throws {
        let host = try HostFixture()
        try host.hostFile("file", [UInt8](repeating: 1, count: 8192))
        let told = try #require(
            try host.status("file").directIO, "the file system does not tell its alignment")
        let opened = try host.fileSystem.create(
            CreateParameters(path: "file", options: .nonCached), for: .kernel)
        #expect(opened.offsetAlignment == told.readOffset ?? told.offset)
        let cached = try host.fileSystem.create(CreateParameters(path: "file"), for: .kernel)
        #expect(cached.offsetAlignment == 1)
    }

    @Test(
        "What root makes for a user belongs to the user, and to the group of a set-group-ID folder",
        .enabled(if: HostTool.isRoot, "only root may give files away"))
    func ownership() throws {
        let host = try HostFixture()
        let user = Requestor.user(1234, group: 4321)
        func make(_ path: FilePath, _ kind: CreateParameters.Kind, _ mode: UInt32) throws {
            let parameters = CreateParameters(
                path: path, access: .write, disposition: .create, kind: kind, mode: mode)
            try host.volume.open(parameters, requestor: user).close()
        }
        try make("file", .regularFile, 0o4755)
        try make("link", .symbolicLink(target: Array("nothing".utf8)), 0)
        try make("pipe", .special(device: 0), 0o010600)
        for name in ["file", "link", "pipe"] {
            #expect(try host.status(name).user == 1234)
            #expect(try host.status(name).group == 4321)
        }
        #expect(try host.status("file").mode & 0o7000 == 0o4000)
        let folder = try host.open("folder", .create, kind: .directory, mode: 0o777)
        defer { folder.close() }
        try folder.apply(.owner(userID: nil, groupID: 77))
        try folder.apply(.permissions(0o2777))
        try make("folder/file", .regularFile, 0o600)
        #expect(try host.status("folder/file").user == 1234)
        #expect(try host.status("folder/file").group == 77)
        try host.hostFile("mine")
        let existing = try host.volume.open("mine", requestor: user)
        existing.close()
        #expect(try host.status("mine").user == 0)
    }

    @Test("Every open closes its descriptor once, also when it is dropped or undone")
    func descriptors() throws {
        let host = try HostFixture()
        try host.hostFile("file", [1])
        func place(_ opened: OpenedFile) throws -> FileDescriptor {
            FileDescriptor(rawValue: try #require(opened.storage).rawValue)
        }
        var opened: OpenedFile? = try host.fileSystem.create(
            CreateParameters(path: "file"), for: .kernel)
        let identity = try SystemCall.status(of: place(try #require(opened))).inode
        let number = try place(try #require(opened))
        opened = nil
        // Another test may have reused the number, but not for this file.
        let now = try? SystemCall.status(of: number).inode
        #expect(now != identity)
        let file = try host.open("file")
        let context = try #require(file.context as? HostOpenFile)
        file.close()
        file.close()
        #expect(
            errno { () throws(IOFailure) in
                try context.withDescriptor { (_) throws(Errno) in }
            } == .badFileDescriptor)
        #expect(errno { () throws(IOFailure) in _ = try file.information() } == .badFileDescriptor)
    }
}
