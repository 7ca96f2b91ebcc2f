import BypassIOProtocol
import IOStack
import LinuxKit
import SystemPackage
import Testing

@testable import HostFileSystem

@Suite("What suspends the bypass of the host's files, spec 4.6")
struct SuspensionTests {
    /// The event that makes the driver check a file: a QUERY, or the report of an outside change.
    enum Asked: CaseIterable { case query, told }

    @Test("spec 4.6: a write behind the end that leaves a hole suspends, with the cause")
    func writeLeavesHole() throws {
        let host = try HostFixture()
        let bytes = pattern(8192)
        try host.hostFile("file", bytes)
        let file = try host.open("file", options: .nonCached)
        defer { file.close() }
        let writer = try host.open("file", access: [.read, .write], options: .nonCached)
        defer { writer.close() }
        #expect(try file.bypassIO(.enable).results?.status == .success)
        #expect(try writer.write(bytes, at: 8192) == 8192)
        #expect(file.stream.suspensions == [], "a write that only extends leaves no hole")
        #expect(try writer.write(bytes, at: 1 << 20) == 8192)
        #expect(file.stream.suspensions == .sparse)
        #expect(try file.read(at: 1 << 20, length: 8192) == bytes)
        #expect(try file.read(at: 1 << 19, length: 4096) == [UInt8](repeating: 0, count: 4096))
        #expect(file.traditionalReadsByCause[.sparse] == 2)
    }

    @Test("spec 4.6: a hole punched by another process suspends once the change is told")
    func punchedOutside() throws {
        let host = try HostFixture()
        let bytes = pattern(1 << 20)
        try host.hostFile("file", bytes)
        let file = try host.open("file", options: .nonCached)
        defer { file.close() }
        try host.hostFile("other")
        let other = try host.open("other", options: .nonCached)
        defer { other.close() }
        #expect(try file.bypassIO(.enable).results?.status == .success)
        try HostTool.run(
            "fallocate",
            ["--punch-hole", "-o", "65536", "-l", "131072", host.root.appending("file").string])
        file.volume.reviewOutsideChange(of: other.stream.id)
        #expect(file.stream.suspensions == [])
        file.volume.reviewOutsideChange(of: file.stream.id)
        #expect(file.stream.suspensions == .sparse)
        #expect(try file.read(at: 65536, length: 4096) == [UInt8](repeating: 0, count: 4096))
        #expect(file.traditionalReadsByCause[.sparse] == 1)
    }

    @Test(
        "spec 4.6: data in the inode suspends until it grows out of it",
        .enabled(if: HostTool.canMountImages(with: "mkfs.ext4"), "needs root and loop devices"))
    func resident() throws {
        let mounted = try MountedFileSystem(
            "mkfs.ext4", ["-q", "-O", "inline_data", "-I", "256"], megabytes: 16)
        let host = try HostFixture(in: mounted.mountPoint)
        try host.hostFile("file", Array("small".utf8))
        let file = try host.open("file", options: .nonCached)
        defer { file.close() }
        #expect(try file.bypassIO(.enable).results?.status == .success)
        #expect(file.stream.suspensions == .resident)
        #expect(try file.read(at: 0, length: 4096) == Array("small".utf8))
        #expect(file.traditionalReadsByCause[.resident] == 1)
        let writer = try host.open("file", access: [.read, .write])
        let bytes = pattern(8192)
        try writer.write(bytes, at: 0)
        #expect(!file.stream.suspensions.contains(.resident))
        writer.close()
        #expect(file.stream.suspensions == [])
        #expect(try file.read(at: 0, length: 8192) == bytes)
        #expect(file.readsByRoute[.filterBypass] == 1)
    }

    @Test("spec 4.6: a file that is moved takes the traditional route and comes back")
    func toldOfMove() throws {
        let host = try HostFixture()
        let bytes = pattern(8192)
        try host.hostFile("file", bytes)
        let file = try host.open("file", options: .nonCached)
        defer { file.close() }
        _ = try file.bypassIO(.enable)
        try host.fileSystem.whileMoving(file) {
            #expect(file.stream.suspensions == .moving)
            _ = try file.bypassIO(.query)
            _ = try file.bypassIO(.query)
            #expect(file.stream.suspensions == .moving, "a look that finds rest ends no move")
            #expect(try file.read(at: 0, length: 8192) == bytes)
        }
        #expect(file.stream.suspensions == [] && file.traditionalReadsByCause[.moving] == 1)
        _ = try file.read(at: 0, length: 8192)
        #expect(file.readsByRoute[.traditional] == 1)
    }

    @Test("Extent maps: bytes that both know and that lie elsewhere are moved; others are not")
    func extentMaps() {
        func places(_ runs: (UInt64, UInt64, UInt64)...) -> ExtentPlaces {
            ExtentPlaces(runs: runs.map { .init(start: $0.0, end: $0.1, place: $0.2) })
        }
        let old = places((0, 100, 1000), (100, 200, 5000))
        #expect(!old.isMoved(since: old))
        #expect(!places((0, 50, 1000), (50, 200, 1050)).isMoved(since: places((0, 200, 1000))))
        #expect(!places((0, 200, 1000)).isMoved(since: places((0, 50, 1000), (50, 200, 1050))))
        #expect(!places((0, 100, 1000), (100, 300, 5000)).isMoved(since: old), "it grew")
        #expect(!places((0, 80, 1000)).isMoved(since: old), "it was cut")
        #expect(!places().isMoved(since: old) && !old.isMoved(since: places()))
        #expect(places((0, 200, 1000)).isMoved(since: old))
        #expect(places((0, 100, 1000), (100, 200, 5001)).isMoved(since: old))
        #expect(places((150, 200, 9000)).isMoved(since: old))
    }

    @Test(
        "spec 4.6: a move that nobody told of is seen by the next QUERY, and rest by the one after",
        .enabled(
            if: HostTool.canMountImages(with: "mkfs.ext4", "e4defrag"),
            "needs root, loop devices and e4defrag"), arguments: Asked.allCases)
    func untoldMove(_ asked: Asked) throws {
        let mounted = try MountedFileSystem("mkfs.ext4", ["-q"], megabytes: 64)
        let host = try HostFixture(in: mounted.mountPoint)
        let bytes = pattern(256 * 1024)
        // Two files that grow in turns become fragmented.
        let paths = ["file", "other"].map { host.root.appending($0) }
        for name in ["file", "other"] { try host.hostFile(name) }
        for start in stride(from: 0, to: bytes.count, by: 16384) {
            for path in paths {
                let part = try SystemCall.open(path, .readWrite)
                try SystemCall.writeAll(
                    Array(bytes[start..<start + 16384]), to: part.descriptor, at: Int64(start))
                try SystemCall.sync(part.descriptor)
            }
        }
        let file = try host.open("file", options: .nonCached)
        defer { file.close() }
        #expect(try file.bypassIO(.enable).results?.status == .success)
        try HostTool.run("e4defrag", [paths[0].string])
        if asked == .told {
            file.volume.reviewOutsideChange(of: file.stream.id)
            #expect(file.stream.suspensions == .moving)
            #expect(try file.read(at: 0, length: 65536) == Array(bytes[..<65536]))
            file.volume.reviewOutsideChange(of: nil)
            #expect(file.stream.suspensions == [])
            return
        }
        _ = try file.bypassIO(.query)
        #expect(file.stream.suspensions == .moving)
        #expect(try file.read(at: 0, length: 65536) == Array(bytes[..<65536]))
        #expect(file.traditionalReadsByCause[.moving] == 1)
        _ = try file.bypassIO(.query)
        #expect(file.stream.suspensions == [])
        #expect(try file.read(at: 0, length: 65536) == Array(bytes[..<65536]))
        #expect(file.readsByRoute[.filterBypass] == 1)
    }

    @Test(
        "spec 4.6: chattr +c is refused on a bypass-active file, and done on another",
        .enabled(if: FileTraitsTests.isExt4, "needs ext4 below /var/tmp"))
    func compression() throws {
        let host = try HostFixture()
        try host.hostFile("file", pattern(8192))
        let file = try host.open("file", options: .nonCached)
        defer { file.close() }
        _ = try file.bypassIO(.enable)
        func change(_ set: FileAttributes) throws -> NTStatus? {
            let handle = try host.open("file", options: .attributesOnly)
            defer { handle.close() }
            do throws(IOFailure) {
                try handle.apply(.attributes(set: set, cleared: []))
                return nil
            } catch {
                return error.status
            }
        }
        #expect(try change(.compressed) == .notSupportedWithBypassIO)
        #expect(try change(.encrypted) == .notSupported)
        _ = try file.bypassIO(.disable)
        #expect(try change(.compressed) == nil)
        #expect(try file.bypassIO(.enable).results?.status == .notSupportedWithCompression)
    }
}
