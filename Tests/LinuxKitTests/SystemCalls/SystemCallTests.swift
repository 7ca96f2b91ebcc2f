import Glibc
import LinuxKit
import Synchronization
import SystemPackage
import TestSupport
import Testing

@Suite("System-call shims against the running kernel")
struct SystemCallTests {
    @Test("A call is made again after EINTR, and not after any other error")
    func retry() throws {
        final class Script: Sendable {
            let answers: [Int64]
            let calls = Atomic(0)
            init(_ answers: [Int64]) { self.answers = answers }
            func next() -> Int64 {
                answers[calls.wrappingAdd(1, ordering: .relaxed).oldValue]
            }
        }
        let interrupted = Script([-4, -4, 17])
        #expect(try SystemCall.retrying { interrupted.next() } == 17)
        #expect(interrupted.calls.load(ordering: .relaxed) == 3)
        let failing = Script([-4, -5, 17])
        #expect(throws: Errno.ioError) { try SystemCall.retrying { failing.next() } }
        #expect(failing.calls.load(ordering: .relaxed) == 2)
    }

    @Test("openat2 never leaves the root, by \"..\" or by an absolute link")
    func beneath() throws {
        let folder = try TemporaryFolder()
        try folder.file("inside", [1])
        try SystemCall.makeSymbolicLink(
            to: Array("/etc/passwd".utf8), named: folder.path.appending("out"))
        let root = try OpenFile(SystemCall.open(folder.path, [.pathOnly, .directory]))
        let inside = try OpenFile(SystemCall.open("inside", beneath: root.descriptor, .readOnly))
        #expect(try SystemCall.status(of: inside.descriptor).size == 1)
        for escape: FilePath in ["../", "out", "/etc/passwd"] {
            #expect(throws: Errno(rawValue: 18)) {
                _ = try SystemCall.open(escape, beneath: root.descriptor, .readOnly)
            }
        }
    }

    @Test("A mode is passed with O_CREAT and left out without it, as openat2 demands")
    func beneathMode() throws {
        let folder = try TemporaryFolder()
        let root = try OpenFile(SystemCall.open(folder.path, [.pathOnly, .directory]))
        let made = try OpenFile(
            SystemCall.open(
                "new", beneath: root.descriptor, [.readWrite, .create, .exclusive], mode: 0o600))
        #expect(try SystemCall.status(of: made.descriptor).mode & 0o777 == 0o600)
        _ = try SystemCall.open("new", beneath: root.descriptor, .readOnly, mode: 0o600)
    }

    /// All names and cookies of a directory, read through a buffer of the caller's size.
    static func entries(
        of directory: FileDescriptor, through buffer: inout [UInt8]
    ) throws(Errno) -> (names: [String], cookies: [Int64]) {
        var names: [String] = []
        var cookies: [Int64] = []
        var filled = try SystemCall.directoryRecords(of: directory, into: &buffer)
        while filled > 0 {
            var records = DirectoryRecords(length: filled)
            while let record = unsafe records.next(in: buffer.span.bytes) {
                names.append(String(decoding: buffer[record.name], as: UTF8.self))
                cookies.append(record.cookie)
            }
            filled = try SystemCall.directoryRecords(of: directory, into: &buffer)
        }
        return (names, cookies)
    }

    @Test("Every name of a directory is read once, through a buffer too small for all of them")
    func directoryRecords() throws {
        let folder = try TemporaryFolder()
        let names = Set((0..<200).map { "file with a rather long name number \($0)" })
        for name in names { try folder.file(name, []) }
        let directory = try OpenFile(SystemCall.open(folder.path, [.readOnly, .directory]))
        var buffer = [UInt8](repeating: 0, count: 512)
        let (seen, cookies) = try Self.entries(of: directory.descriptor, through: &buffer)
        #expect(Set(seen) == names.union([".", ".."]))
        #expect(seen.count == names.count + 2)
        // A cookie leads to the entry behind its own.
        try SystemCall.seek(directory.descriptor, to: cookies[99])
        let filled = try SystemCall.directoryRecords(of: directory.descriptor, into: &buffer)
        var records = DirectoryRecords(length: filled)
        let found = unsafe records.next(in: buffer.span.bytes)
        let next = try #require(found)
        #expect(String(decoding: buffer[next.name], as: UTF8.self) == seen[100])
    }

    @Test(
        "A record that claims more bytes than the buffer holds ends the walk",
        arguments: [
            0, 1, 19, 65535,
        ])
    func brokenRecord(length: Int) {
        var buffer = [UInt8](repeating: 0x41, count: 64)
        buffer[16] = UInt8(length & 0xFF)
        buffer[17] = UInt8(length >> 8)
        var records = DirectoryRecords(length: 64)
        let first = unsafe records.next(in: buffer.span.bytes)
        let second = unsafe records.next(in: buffer.span.bytes)
        #expect(first == nil)
        #expect(second == nil)
    }

    @Test("A name without a closing NUL ends with its record")
    func unterminatedName() throws {
        var buffer = [UInt8](repeating: 0x41, count: 48)
        (buffer[16], buffer[17]) = (24, 0)
        (buffer[40], buffer[41]) = (24, 0)
        var records = DirectoryRecords(length: 48)
        let found = unsafe records.next(in: buffer.span.bytes)
        let record = try #require(found)
        #expect(record.name == 19..<24)
    }

    @Test("Reading and writing at offsets, and a short read at the end")
    func data() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("data", Array(0..<100))
        let file = try OpenFile(SystemCall.open(path, .readWrite))
        try SystemCall.writeAll([200, 201], to: file.descriptor, at: 98)
        var bytes = [UInt8](repeating: 0, count: 64)
        let count1 = try SystemCall.read(file.descriptor, into: &bytes, at: 90)
        #expect(count1 == 10)
        #expect(Array(bytes[..<10]) == [90, 91, 92, 93, 94, 95, 96, 97, 200, 201])
        try SystemCall.truncate(file.descriptor, to: 10)
        let count2 = try SystemCall.read(file.descriptor, into: &bytes, at: 10)
        #expect(count2 == 0)
    }

    @Test("copy_file_range copies at explicit offsets and leaves both positions alone")
    func copy() throws {
        let folder = try TemporaryFolder()
        let source = try OpenFile(SystemCall.open(try folder.file("a", Array(0..<50)), .readOnly))
        let target = try OpenFile(SystemCall.open(try folder.file("b", [9, 9]), .readWrite))
        let count = try SystemCall.copy(
            from: source.descriptor, at: 10, to: target.descriptor, at: 2, count: 20)
        #expect(count == 20)
        var bytes = [UInt8](repeating: 0, count: 64)
        let count3 = try SystemCall.read(target.descriptor, into: &bytes, at: 0)
        #expect(count3 == 22)
        #expect(Array(bytes[..<22]) == [9, 9] + Array(10..<30))
        #expect(try SystemCall.seek(source.descriptor, to: 0, from: .current) == 0)
    }

    @Test("Names: link, rename in its three modes, symbolic links of any bytes, unlink")
    func names() throws {
        let folder = try TemporaryFolder()
        let directory = try OpenFile(SystemCall.open(folder.path, [.pathOnly, .directory]))
        let here = directory.descriptor
        try folder.file("a", [1])
        try folder.file("b", [2, 2])
        try SystemCall.link("a", at: here, to: "a2", at: here)
        #expect(try SystemCall.status(of: "a2", at: here, followingLinks: false).linkCount == 2)
        #expect(throws: Errno.fileExists) {
            try SystemCall.rename("a", at: here, to: "b", at: here, .keepingExisting)
        }
        try SystemCall.rename("a", at: here, to: "b", at: here, .exchanging)
        #expect(try SystemCall.status(of: "a", at: here, followingLinks: false).size == 2)
        try SystemCall.rename("a", at: here, to: "b", at: here)
        #expect(throws: Errno.noSuchFileOrDirectory) {
            _ = try SystemCall.status(of: "a", at: here, followingLinks: false)
        }
        let target: [UInt8] = [0xFF, 0x2F, 0x80] + Array(repeating: 0x41, count: 600)
        try SystemCall.makeSymbolicLink(to: target, named: "link", at: here)
        #expect(try SystemCall.readLink("link", at: here) == target)
        try SystemCall.makeDirectory("d", at: here, mode: 0o700)
        try SystemCall.unlink("d", at: here, isDirectory: true)
        try SystemCall.makeNode("pipe", at: here, mode: 0o010600)
        let left = try OpenFile(SystemCall.open(folder.path, [.readOnly, .directory]))
        let names = try SystemCall.names(in: left.descriptor)
        #expect(
            Set(names.map { String(decoding: $0, as: UTF8.self) }) == [
                "a2", "b", "link", "pipe",
            ])
    }

    @Test("An unnamed file gets a name through its descriptor")
    func unnamedFile() throws {
        let folder = try TemporaryFolder()
        let file = try OpenFile(SystemCall.open(folder.path, [.readWrite, .unnamed], mode: 0o600))
        try SystemCall.writeAll([7], to: file.descriptor, at: 0)
        try SystemCall.link(file.descriptor, to: folder.path.appending("named"))
        let named = try SystemCall.status(
            of: folder.path.appending("named"), followingLinks: false)
        #expect(named.size == 1)
    }

    @Test("Mode, owner and times are changed through an O_PATH descriptor")
    func attributesByPlace() throws {
        let folder = try TemporaryFolder()
        let place = try OpenFile(SystemCall.open(try folder.file("f", []), .pathOnly))
        try SystemCall.changeMode(of: place.descriptor, to: 0o640)
        let time = FileStatus.Time(seconds: 1_000_000, nanoseconds: 5)
        try SystemCall.changeTimes(
            of: place.descriptor, accessed: .keep, modified: .set(time))
        try SystemCall.changeOwner(of: place.descriptor, user: nil, group: nil)
        let status = try SystemCall.status(of: place.descriptor)
        #expect(status.mode & 0o777 == 0o640)
        #expect(status.modified == time)
        #expect(status.accessed != time)
    }

    @Test("A symbolic link's own times change, not those of its target")
    func linkTimes() throws {
        let folder = try TemporaryFolder()
        let directory = try OpenFile(SystemCall.open(folder.path, [.pathOnly, .directory]))
        try folder.file("f", [])
        try SystemCall.makeSymbolicLink(
            to: Array("f".utf8), named: "l", at: directory.descriptor)
        let time = FileStatus.Time(seconds: 77, nanoseconds: 0)
        try SystemCall.changeTimes(
            of: "l", at: directory.descriptor, accessed: .set(time), modified: .set(time))
        let here = directory.descriptor
        #expect(try SystemCall.status(of: "l", at: here, followingLinks: false).modified == time)
        #expect(try SystemCall.status(of: "f", at: here, followingLinks: false).modified != time)
    }

    @Test("Extended attributes go through an O_PATH descriptor, which fgetxattr refuses")
    func extendedAttributes() throws {
        let folder = try TemporaryFolder()
        let place = try OpenFile(SystemCall.open(try folder.file("f", []), .pathOnly))
        let name = Array("user.bypassio".utf8)
        let value = [UInt8](0..<200)
        try unsafe SystemCall.setExtendedAttribute(
            name, of: place.descriptor, to: value.span.bytes, .create)
        #expect(try SystemCall.extendedAttribute(name, of: place.descriptor) == value)
        #expect(try SystemCall.extendedAttributeNames(of: place.descriptor).contains(name))
        #expect(throws: Errno.fileExists) {
            try unsafe SystemCall.setExtendedAttribute(
                name, of: place.descriptor, to: value.span.bytes, .create)
        }
        try SystemCall.removeExtendedAttribute(name, of: place.descriptor)
        #expect(throws: Errno.noData) {
            _ = try SystemCall.extendedAttribute(name, of: place.descriptor)
        }
    }

    @Test(
        "A symbolic link's own attributes are reached, not its target's",
        .enabled(if: geteuid() == 0, "trusted.* attributes need root"))
    func linkAttributes() throws {
        let folder = try TemporaryFolder()
        try folder.file("f", [])
        let link = folder.path.appending("l")
        try SystemCall.makeSymbolicLink(to: Array("f".utf8), named: link)
        let place = try OpenFile(SystemCall.open(link, [.pathOnly, .noFollow]))
        let name = Array("trusted.bypassio".utf8)
        try unsafe SystemCall.setExtendedAttribute(
            name, of: place.descriptor, to: [UInt8]([1]).span.bytes)
        #expect(try SystemCall.extendedAttribute(name, of: place.descriptor) == [1])
        let target = try OpenFile(SystemCall.open(folder.path.appending("f"), .pathOnly))
        #expect(try SystemCall.extendedAttributeNames(of: target.descriptor).isEmpty)
    }

    @Test("Locks of two open file descriptions collide, in whole and by range")
    func locks() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("f", [1, 2, 3])
        let one = try OpenFile(SystemCall.open(path, .readWrite))
        let two = try OpenFile(SystemCall.open(path, .readWrite))
        try SystemCall.lockWhole(one.descriptor, .exclusive, waiting: false)
        #expect(throws: Errno.resourceTemporarilyUnavailable) {
            try SystemCall.lockWhole(two.descriptor, .shared, waiting: false)
        }
        try SystemCall.lockWhole(one.descriptor, .none, waiting: false)
        let range = SystemCall.ByteRangeLock(kind: .exclusive, start: 1, length: 1)
        try SystemCall.lockRange(one.descriptor, range, waiting: false)
        #expect(throws: Errno.resourceTemporarilyUnavailable) {
            try SystemCall.lockRange(two.descriptor, range, waiting: false)
        }
        let all = SystemCall.ByteRangeLock(kind: .shared, start: 0, length: 0)
        let found = try #require(try SystemCall.conflictingLock(two.descriptor, with: all))
        #expect((found.kind, found.start, found.length) == (.exclusive, 1, 1))
        let behind = SystemCall.ByteRangeLock(kind: .shared, start: 2, length: 0)
        #expect(try SystemCall.conflictingLock(two.descriptor, with: behind) == nil)
    }

    @Test("fallocate punches a hole that SEEK_HOLE and SEEK_DATA see")
    func holes() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("f", [UInt8](repeating: 1, count: 65536))
        let file = try OpenFile(SystemCall.open(path, .readWrite))
        try SystemCall.sync(file.descriptor)
        try SystemCall.allocate(
            file.descriptor, [.punchHole, .keepSize], offset: 8192, length: 8192)
        #expect(try SystemCall.seek(file.descriptor, to: 0, from: .hole) == 8192)
        #expect(try SystemCall.seek(file.descriptor, to: 8192, from: .data) == 16384)
    }

    @Test("A released owner does not close; a dropped owner does")
    func ownership() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("f", [])
        let kept = try SystemCall.open(path, .readOnly).release()
        #expect(try SystemCall.status(of: kept).size == 0)
        try OwnedDescriptor(owning: kept).close()
        #expect(throws: Errno.badFileDescriptor) { _ = try SystemCall.status(of: kept) }
    }

    @Test("cachestat sees what a read brought into the page cache (Linux 6.5)")
    func cacheStatus() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("f", [UInt8](repeating: 1, count: 16384))
        let file = try OpenFile(SystemCall.open(path, .readOnly))
        let cached = Result { try SystemCall.cacheStatus(of: file.descriptor).cached }
        // An older kernel has no such call, and the shim reports that.
        if case .failure(let error as Errno) = cached, error == .noFunction { return }
        #expect(try cached.get() == 4)
    }
}
