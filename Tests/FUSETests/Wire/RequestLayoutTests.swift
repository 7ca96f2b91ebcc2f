import Testing

@testable import FUSE

/// The requests' structures: every field has its own value, so that no test passes with another
/// field's.
@Suite("Layout of requests")
struct RequestLayoutTests {
    private static let big: UInt64 = 0x8182_8384_8586_8788
    private static let who = "#77 node 5 1000:1001 pid 4242"

    private func message(_ opcode: Opcode) -> RequestMessage {
        RequestMessage(opcode, node: 5)
    }

    private func log(_ message: RequestMessage, features: InitFlags = []) throws -> [String] {
        let service = ScriptedFileSystem(features: features)
        let served = try ServedConnection.agreed(service)
        #expect(served.replies(to: message).map(\.errno) == [0])
        return service.takeLog()
    }

    private func expect(
        _ message: RequestMessage, _ text: String, features: InitFlags = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(try log(message, features: features) == [text], sourceLocation: sourceLocation)
    }

    @Test("fuse_in_header")
    func header() throws {
        let message = RequestMessage(
            Opcode.readLink.rawValue, unique: Self.big, node: Self.big - 1,
            userID: 0xF1F2_F3F4, groupID: 0xE1E2_E3E4, processID: 0x7FFF_FFFF)
        try expect(
            message,
            "readlink #\(Self.big) node \(Self.big - 1) \(0xF1F2_F3F4):\(0xE1E2_E3E4) pid 2147483647"
        )
    }

    @Test("names: LOOKUP, UNLINK, RMDIR, SYMLINK, LINK")
    func names() throws {
        try expect(message(.lookup).text("...x"), "lookup \(Self.who) '...x'")
        try expect(message(.unlink).text("a b"), "unlink \(Self.who) 'a b'")
        try expect(message(.removeDirectory).text("é"), "rmdir \(Self.who) 'é'")
        try expect(
            message(.symbolicLink).text("n").text("/a/../b"), "symlink \(Self.who) 'n' to '/a/../b'"
        )
        try expect(message(.link).u64(Self.big).text("n"), "link \(Self.who) 'n' to \(Self.big)")
    }

    @Test("fuse_getattr_in and fuse_statx_in")
    func getAttributes() throws {
        for (opcode, verb) in [(Opcode.getAttributes, "getattr"), (.extendedStatus, "statx")] {
            let tail = opcode == .extendedStatus ? 8 : 0
            try expect(
                message(opcode).u32(1).u32(7).u64(Self.big).zeros(tail),
                "\(verb) \(Self.who) handle \(Self.big)")
            try expect(
                message(opcode).u32(2).u32(0).u64(Self.big).zeros(tail),
                "\(verb) \(Self.who) handle -")
        }
    }

    /// `struct fuse_setattr_in` with the given bits in `valid`.
    private func setAttributes(_ valid: UInt32) -> RequestMessage {
        message(.setAttributes).u32(valid).u32(0xAAAA)
            .u64(11).u64(12).u64(13)
            .u64(14).u64(UInt64(bitPattern: -15)).u64(16)
            .u32(17).u32(18).u32(19)
            .u32(20).u32(0xAAAA).u32(22).u32(23).u32(0xAAAA)
    }

    @Test("fuse_setattr_in: each bit of valid brings its field, and no other")
    func setAttributeBits() throws {
        let fields: [(UInt32, String)] = [
            (1 << 0, "mode 20"), (1 << 1, "owner 22"), (1 << 2, "group 23"), (1 << 3, "size 12"),
            (1 << 4, "atime 14.17"), (1 << 5, "mtime -15.18"), (1 << 6, "handle 11"),
            (1 << 4 | 1 << 7, "atime now"), (1 << 5 | 1 << 8, "mtime now"), (1 << 11, "kill true"),
        ]
        let nothing = [
            "handle -", "mode -", "owner -", "group -", "size -", "atime -", "mtime -",
            "kill false",
        ]
        for (valid, field) in fields {
            let kind = field.prefix { $0 != " " }
            let expected = nothing.map { $0.hasPrefix(kind + " ") ? field : $0 }
            try expect(
                setAttributes(valid), "setattr \(Self.who) " + expected.joined(separator: " "))
        }
    }

    @Test("a time whose nanoseconds are a second or more is refused")
    func wrongNanoseconds() throws {
        let service = ScriptedFileSystem()
        let served = try ServedConnection.agreed(service)
        for (nanoseconds, errno) in [(999_999_999, 0), (1_000_000_000, 5), (UInt32.max, 5)]
            as [(UInt32, Int32)]
        {
            let message = message(.setAttributes).u32(1 << 4).zeros(52).u32(nanoseconds).zeros(28)
            #expect(served.replies(to: message).map(\.errno) == [errno])
        }
    }

    @Test("MKNOD, MKDIR, CREATE, TMPFILE")
    func making() throws {
        try expect(
            message(.makeNode).u32(0o20640).u32(0x123A_BC45).u32(0o27).u32(0xAAAA).text("n"),
            "mknod \(Self.who) 'n' mode \(0o20640) umask \(0o27) device \(0xABC):\(0x12345)")
        try expect(
            message(.makeDirectory).u32(0o750).u32(0o27).text("n"),
            "mkdir \(Self.who) 'n' mode \(0o750) umask \(0o27)")
        try expect(
            message(.create).u32(0x8042).u32(0o100600).u32(0o77).u32(1).text("n"),
            "create \(Self.who) 'n' flags \(0x8042) mode \(0o100600) umask \(0o77) kill true")
        try expect(
            message(.temporaryFile).u32(0x8042).u32(0o100600).u32(0o77).u32(0).text("#5"),
            "tmpfile \(Self.who) '' flags \(0x8042) mode \(0o100600) umask \(0o77) kill false")
    }

    @Test("fuse_rename_in and fuse_rename2_in")
    func renaming() throws {
        try expect(
            message(.rename).u64(Self.big).text("a").text("b"),
            "rename \(Self.who) 'a' to \(Self.big) 'b' flags 0")
        try expect(
            message(.renameWithFlags).u64(Self.big).u32(2).u32(0xAAAA).text("a").text("b"),
            "rename \(Self.who) 'a' to \(Self.big) 'b' flags 2")
    }

    @Test("OPEN, OPENDIR, FLUSH, RELEASE, RELEASEDIR, FSYNC, FSYNCDIR")
    func openFiles() throws {
        try expect(
            message(.open).u32(0x8241).u32(1), "open \(Self.who) flags \(0x8241) kill true")
        try expect(message(.openDirectory).u32(0x8000).u32(0), "opendir \(Self.who) flags 32768")
        try expect(
            message(.flush).u64(Self.big).u32(1).u32(2).u64(33),
            "flush \(Self.who) handle \(Self.big) owner 33")
        for (opcode, verb) in [(Opcode.release, "release"), (.releaseDirectory, "releasedir")] {
            try expect(
                message(opcode).u64(Self.big).u32(0x8001).u32(2).u64(33),
                "\(verb) \(Self.who) handle \(Self.big) owner 33 unlock true")
            try expect(
                message(opcode).u64(Self.big).u32(0xFFFF).u32(1).u64(33),
                "\(verb) \(Self.who) handle \(Self.big) owner 33 unlock false")
        }
        for (opcode, verb) in [(Opcode.synchronize, "fsync"), (.synchronizeDirectory, "fsyncdir")] {
            try expect(
                message(opcode).u64(Self.big).u32(1).u32(0xAAAA),
                "\(verb) \(Self.who) handle \(Self.big) data true")
            try expect(
                message(opcode).u64(Self.big).u32(2).u32(0xAAAA),
                "\(verb) \(Self.who) handle \(Self.big) data false")
        }
    }

    @Test("fuse_read_in")
    func reading() throws {
        let body = message(.read).u64(Self.big).u64(Self.big + 1).u32(100).u32(2).u64(33)
            .u32(0x8000).u32(0xAAAA)
        try expect(body, "read \(Self.who) handle \(Self.big) \(Self.big + 1)+100")
        let fault = message(.read).u64(Self.big).u64(Self.big + 1).u32(100).u32(0).u64(0)
            .u32(0x8000).u32(0xAAAA)
        try expect(
            fault, "read \(Self.who) handle \(Self.big) \(Self.big + 1)+100 for the cache")
        let directory = message(.readDirectory).u64(Self.big).u64(Self.big + 1).u32(100).u32(0)
            .u64(0).u32(0).u32(0)
        try expect(directory, "list \(Self.who) handle \(Self.big) \(Self.big + 1)+100")
    }

    @Test("fuse_write_in and the data behind it")
    func writing() throws {
        for (flags, cache, kill) in [(0, false, false), (1, true, false), (4, false, true)]
            as [(UInt32, Bool, Bool)]
        {
            let body = message(.write).u64(Self.big).u64(Self.big + 1).u32(5).u32(flags).u64(33)
                .u32(0x8001).u32(0xAAAA).raw("Hello".utf8)
            try expect(
                body,
                "write \(Self.who) handle \(Self.big) \(Self.big + 1)+5 'Hello' cache \(cache)"
                    + " kill \(kill)")
        }
    }

    @Test("fuse_fallocate_in, fuse_lseek_in, fuse_copy_file_range_in")
    func ranges() throws {
        try expect(
            message(.allocate).u64(Self.big).u64(12).u64(13).u32(3).u32(0xAAAA),
            "fallocate \(Self.who) handle \(Self.big) 12+13 mode 3")
        try expect(
            message(.seek).u64(Self.big).u64(12).u32(4).u32(0xAAAA),
            "lseek \(Self.who) handle \(Self.big) 12 whence 4")
        for opcode in [Opcode.copyFileRange, .copyFileRange64] {
            try expect(
                message(opcode).u64(Self.big).u64(12).u64(13).u64(14).u64(15).u64(Self.big + 1)
                    .u64(0),
                "copy \(Self.who) handle \(Self.big) 12 to node 13 handle 14 15"
                    + " length \(Self.big + 1)")
        }
    }

    @Test("fuse_ioctl_in and the input behind it")
    func control() throws {
        let body = message(.control).u64(Self.big).u32(0x10).u32(0xC008_6601).u64(Self.big + 1)
            .u32(3).u32(8).raw([1, 2, 3])
        try expect(
            body,
            "ioctl \(Self.who) handle \(Self.big) command \(0xC008_6601) argument \(Self.big + 1)"
                + " input 3 room 8 directory true")
    }

    @Test("fuse_lk_in")
    func locks() throws {
        for (opcode, verb) in [
            (Opcode.testLock, "getlk"), (.setLock, "setlk"), (.waitForLock, "setlkw"),
        ] {
            try expect(
                message(opcode).u64(Self.big).u64(Self.big + 1).u64(12).u64(1 << 63 - 1).u32(0)
                    .u32(4711).u32(1).u32(0xAAAA),
                "\(verb) \(Self.who) handle \(Self.big) owner \(Self.big + 1)"
                    + " shared 12...\(UInt64(1) << 63 - 1) pid 4711 whole true")
        }
    }

    @Test("a lock of an unknown kind, or that ends before it begins, is refused")
    func wrongLocks() throws {
        let served = try ServedConnection.agreed(ScriptedFileSystem())
        for (start, end, kind) in [(0, 9, 3), (10, 9, 0)] as [(UInt64, UInt64, UInt32)] {
            let message = message(.setLock).u64(1).u64(2).u64(start).u64(end).u32(kind).u32(0)
                .u32(0).u32(0)
            #expect(served.replies(to: message).map(\.errno) == [5])
        }
    }

    @Test("fuse_access_in")
    func access() throws {
        try expect(message(.access).u32(6).u32(0xAAAA), "access \(Self.who) mask 6")
    }

    @Test("extended attributes, with SETXATTR of both lengths")
    func extendedAttributes() throws {
        try expect(
            message(.getExtendedAttribute).u32(64).u32(0xAAAA).text("user.a/b"),
            "getxattr \(Self.who) 'user.a/b'")
        try expect(message(.listExtendedAttributes).u32(64).u32(0xAAAA), "listxattr \(Self.who)")
        try expect(
            message(.removeExtendedAttribute).text("user.a"), "removexattr \(Self.who) 'user.a'")
        try expect(
            message(.setExtendedAttribute).u32(3).u32(2).u32(1).u32(0xAAAA).text("user.a")
                .raw("val".utf8),
            "setxattr \(Self.who) 'user.a' 'val' create false replace true kill true")
    }

    @Test("SETXATTR of a kernel that does not know the longer structure")
    func shortSetExtendedAttribute() throws {
        let service = ScriptedFileSystem()
        let served = try ServedConnection(service)
        let old = RequestMessage(.initialize).u32(7).u32(45).u32(0).u32(1 << 30).u32(0).zeros(44)
        _ = served.replies(to: old)
        let message = message(.setExtendedAttribute).u32(3).u32(1).text("user.a").raw("val".utf8)
        #expect(served.replies(to: message).map(\.errno) == [0])
        #expect(
            service.takeLog() == [
                "setxattr \(Self.who) 'user.a' 'val' create true replace false kill false"
            ])
    }
}
