import BypassIOProtocol
import IOStack
import LinuxKit
import SystemPackage
import Testing

@testable import HostFileSystem

@Suite("Renaming, linking and removing names")
struct NameTests {
    private func exists(_ host: HostFixture, _ name: String) -> Bool {
        (try? host.status(name)) != nil
    }

    @Test("rename replaces, refuses, exchanges and leaves a whiteout, as renameat2(2) does")
    func rename() throws {
        let host = try HostFixture()
        try host.hostFile("a", [1])
        try host.hostFile("b", [1, 2])
        let root = try host.open("")
        defer { root.close() }
        #expect(
            errno { () throws(IOFailure) in
                try root.apply(.rename(from: "a", to: "b", in: root, .noReplace))
            } == .fileExists)
        try root.apply(.rename(from: "a", to: "b", in: root, .exchange))
        #expect(try host.status("a").size == 2)
        try root.apply(.rename(from: "a", to: "b", in: root, []))
        #expect(!exists(host, "a"))
        #expect(try host.status("b").size == 2)
        let folder = try host.open("folder", .create, kind: .directory, mode: 0o755)
        defer { folder.close() }
        try root.apply(.rename(from: "b", to: "c", in: folder, []))
        #expect(exists(host, "folder/c"))
        #expect(
            errno { () throws(IOFailure) in
                try root.apply(.rename(from: "none", to: "x", in: root, []))
            } == .noSuchFileOrDirectory)
        #expect(
            errno { () throws(IOFailure) in
                try root.apply(.rename(from: "folder", to: "inner", in: folder, []))
            } == .invalidArgument)
        #expect(
            errno { () throws(IOFailure) in
                try root.apply(.rename(from: "folder", to: "x", in: root, [.exchange, .noReplace]))
            } == .invalidArgument)
    }

    @Test(
        "A whiteout stays behind where the file system makes one",
        .enabled(if: HostTool.isRoot && FileTraitsTests.isExt4, "needs root and ext4"))
    func whiteout() throws {
        let host = try HostFixture()
        try host.hostFile("a", [1])
        let root = try host.open("")
        defer { root.close() }
        try root.apply(.rename(from: "a", to: "b", in: root, .whiteout))
        #expect(try host.status("a").mode & 0o170000 == 0o020000)
        #expect(exists(host, "b"))
    }

    @Test("A hard link is another name of the same stream; a directory gets none")
    func link() throws {
        let host = try HostFixture()
        try host.hostFile("a", [7])
        let root = try host.open("")
        let file = try host.open("a")
        let folder = try host.open("folder", .create, kind: .directory, mode: 0o755)
        defer { for handle in [root, file, folder] { handle.close() } }
        try file.apply(.link("b", in: folder))
        let other = try host.open("folder/b")
        defer { other.close() }
        #expect(other.stream === file.stream)
        #expect(try file.information().linkCount == 2)
        #expect(
            errno { () throws(IOFailure) in try file.apply(.link("a", in: root)) } == .fileExists)
        #expect(
            errno { () throws(IOFailure) in try folder.apply(.link("c", in: root)) }
                == .notPermitted)
        let symbolic = try host.open(
            "s", .create, kind: .symbolicLink(target: Array("nowhere".utf8)))
        defer { symbolic.close() }
        try symbolic.apply(.link("t", in: root))
        #expect(try host.status("t").mode & 0o170000 == 0o120000)
    }

    @Test("unlink and rmdir, with the errno of unlinkat(2)")
    func unlink() throws {
        let host = try HostFixture()
        try host.hostFile("a")
        let root = try host.open("")
        let folder = try host.open("folder", .create, kind: .directory, mode: 0o755)
        defer { for handle in [root, folder] { handle.close() } }
        try host.hostFile("folder/x")
        func remove(_ name: FilePath.Component, directory: Bool) -> Errno? {
            errno { () throws(IOFailure) in try root.apply(.unlink(name, directory: directory)) }
        }
        #expect(remove("a", directory: true) == .notDirectory)
        #expect(remove("folder", directory: false) == .isDirectory)
        #expect(remove("folder", directory: true) == .directoryNotEmpty)
        #expect(remove("none", directory: false) == .noSuchFileOrDirectory)
        #expect(remove("..", directory: true) != nil)
        #expect(remove("a", directory: false) == nil)
        try folder.apply(.unlink("x", directory: false))
        #expect(remove("folder", directory: true) == nil)
        #expect(
            errno { () throws(IOFailure) in
                try folder.apply(.rename(from: "x", to: "y", in: root, []))
            } == .noSuchFileOrDirectory)
        let file = try host.open("f", access: .write, .create)
        defer { file.close() }
        #expect(
            errno { () throws(IOFailure) in try file.apply(.unlink("x", directory: false)) }
                == .notDirectory)
    }

    @Test("A file that was removed while open is read and written on")
    func removedWhileOpen() throws {
        let host = try HostFixture()
        let bytes = pattern(65536)
        try host.hostFile("gone", bytes)
        let file = try host.open("gone", access: [.read, .write], options: .nonCached)
        let root = try host.open("")
        defer { for handle in [file, root] { handle.close() } }
        #expect(try file.bypassIO(.enable).results?.status == .success)
        try root.apply(.unlink("gone", directory: false))
        #expect(try file.read(at: 4096, length: 8192) == Array(bytes[4096..<12288]))
        #expect(file.readsByRoute[.fullBypass] == 1)
        try file.write([UInt8](repeating: 9, count: 4096), at: 0)
        #expect(try file.read(at: 0, length: 4096) == [UInt8](repeating: 9, count: 4096))
        #expect(try file.information().linkCount == 0)
        #expect(host.openErrno("gone") == .noSuchFileOrDirectory)
    }
}
