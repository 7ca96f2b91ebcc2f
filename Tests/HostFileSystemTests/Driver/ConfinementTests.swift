import IOStack
import LinuxKit
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import HostFileSystem

/// No path, link or race reaches a file outside the root.
@Suite("Confinement beneath the root")
struct ConfinementTests {
    private func makeHost() throws -> HostFixture {
        let host = try HostFixture()
        try host.folder.file("secret", Array("outside".utf8))
        try SystemCall.makeDirectory(host.root.appending("inside"), mode: 0o755)
        try host.hostFile("inside/file", Array("in".utf8))
        return host
    }

    private func link(_ host: HostFixture, _ name: String, to target: FilePath) throws {
        try SystemCall.makeSymbolicLink(to: target.bytes, named: host.root.appending(name))
    }

    @Test("Paths and links that lead out fail with EXDEV")
    func waysOut() throws {
        let host = try makeHost()
        try link(host, "up", to: "../secret")
        try link(host, "absolute", to: host.folder.path.appending("secret"))
        try link(host, "inside/up", to: "../..")
        for path: FilePath in [
            "../secret", "inside/../../secret", "/etc/passwd", "up", "absolute", "inside/up/secret",
            "..", "/", "inside/../..",
        ] {
            #expect(host.openErrno(path) == .improperLink, "\(path)")
            #expect(host.openErrno(path, options: .attributesOnly) == .improperLink, "\(path)")
        }
        for path: FilePath in ["../new", "/tmp/new", "inside/up/new"] {
            for kind: CreateParameters.Kind in [
                .any, .directory, .symbolicLink(target: Array("x".utf8)), .special(device: 0),
            ] {
                let errno = host.openErrno(
                    path, access: .write, .create, kind: kind, mode: 0o010600)
                #expect(errno == .improperLink, "\(path) \(kind)")
            }
        }
        #expect(
            host.openErrno("..", access: .write, .openIf, options: .temporary)
                == .improperLink)
    }

    @Test("Making a file through a link to nothing outside makes nothing")
    func danglingWayOut() throws {
        let host = try makeHost()
        try link(host, "trap", to: "../made")
        #expect(host.openErrno("trap", access: .write, .openIf) == .improperLink)
        try link(host, "trap2", to: host.folder.path.appending("made"))
        #expect(host.openErrno("trap2", access: .write, .overwriteIf) == .improperLink)
        #expect(throws: Errno.noSuchFileOrDirectory) {
            try SystemCall.status(of: host.folder.path.appending("made"), followingLinks: false)
        }
    }

    @Test("Ways that lead up and back inside are no ways out")
    func waysInside() throws {
        let host = try makeHost()
        try link(host, "inside/around", to: "../inside/file")
        #expect(host.openErrno("inside/../inside/file") == nil)
        #expect(host.openErrno("inside/around") == nil)
        #expect(host.openErrno("inside/..") == nil)
    }

    @Test("A path from a directory handle may go up to the root and no further")
    func fromDirectory() throws {
        let host = try makeHost()
        try host.hostFile("top", [1])
        try link(host, "inside/to-top", to: "../top")
        let inside = try host.open("inside")
        defer { inside.close() }
        #expect(host.openErrno("file", in: inside) == nil)
        #expect(host.openErrno("../top", in: inside) == nil)
        #expect(host.openErrno("to-top", in: inside) == nil)
        #expect(host.openErrno("../made", access: .write, .create, in: inside) == nil)
        #expect(try host.status("made").size == 0)
        #expect(host.openErrno("../../secret", in: inside) == .improperLink)
        #expect(host.openErrno("../..", in: inside) == .improperLink)
        #expect(host.openErrno("/top", in: inside) == .improperLink)
    }

    @Test("A directory that was moved out of the volume is no way out")
    func movedDirectory() throws {
        let host = try makeHost()
        let inside = try host.open("inside")
        defer { inside.close() }
        try SystemCall.rename(
            host.root.appending("inside"), to: host.folder.path.appending("moved"))
        #expect(host.openErrno("../secret", in: inside) == .improperLink)
    }

    @Test("Magic links are refused with ELOOP")
    func magicLinks() throws {
        let manager = IOManager()
        let volume = try HostVolume.mount(directory: "/proc/self", on: manager)
        #expect(
            errno { () throws(IOFailure) in try volume.open("exe").close() }
                == .tooManySymbolicLinkLevels)
        #expect(
            errno { () throws(IOFailure) in try volume.open("root/etc/passwd").close() }
                == .tooManySymbolicLinkLevels)
        #expect(
            errno { () throws(IOFailure) in try volume.open("cwd").close() }
                == .tooManySymbolicLinkLevels)
    }

    @Test("A directory that changes places with a link out never lets a lookup out")
    func renameRace() throws {
        let host = try makeHost()
        try SystemCall.makeDirectory(host.root.appending("flip"), mode: 0o755)
        try host.hostFile("flip/secret", Array("in".utf8))
        try link(host, "flop", to: "..")
        let isOver = Atomic(false)
        let mover = Thread {
            while !isOver.load(ordering: .relaxed) {
                try? SystemCall.rename(
                    host.root.appending("flip"), to: host.root.appending("flop"), .exchanging)
            }
        }
        mover.start()
        var found = 0
        for _ in 0..<3000 {
            do throws(IOFailure) {
                let file = try host.open("flip/secret")
                defer { file.close() }
                #expect(try file.read(at: 0, length: 16) == Array("in".utf8))
                found += 1
            } catch {
                let allowed: [Errno] = [.improperLink, .resourceTemporarilyUnavailable]
                #expect(allowed.contains(error.errno))
            }
            if host.openErrno("flip/new", access: .write, .openIf) == nil { found += 1 }
        }
        isOver.store(true, ordering: .relaxed)
        mover.join()
        #expect(found > 0)
        #expect(throws: Errno.noSuchFileOrDirectory) {
            try SystemCall.status(of: host.folder.path.appending("new"), followingLinks: false)
        }
    }

    @Test("A regular file that has become a pipe is neither waited for nor read")
    func pipeInPlace() throws {
        let host = try makeHost()
        try SystemCall.makeNode(host.root.appending("pipe"), at: nil, mode: 0o010600)
        for access: CreateParameters.Access in [.read, .write, [.read, .write]] {
            let errno = host.openErrno("pipe", access: access, kind: .regularFile)
            #expect(errno == .invalidArgument, "\(access)")
        }
        let place = try host.open("pipe")
        defer { place.close() }
        #expect(errno { () throws(IOFailure) in _ = try place.read(at: 0, length: 1) } != nil)
    }

    @Test("The root's listing tells nothing about what is above it")
    func parentOfRoot() throws {
        let host = try makeHost()
        let root = try host.open("")
        defer { root.close() }
        let above = try root.entries(after: 0, limit: 10).first { $0.name == Array("..".utf8) }
        #expect(above?.id == root.stream.id)
    }
}
