import Foundation
import Glibc
import IOStack
import LinuxKit
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import HostFileSystem

/// Nothing is opened but what was looked at, whatever takes its name meanwhile.
@Suite("Files that change places with others while they are opened")
struct SwappedFileTests {
    /// What takes the place of a regular file.
    enum Thing: String, CaseIterable {
        case pipe, device, socket

        func make(_ path: FilePath) throws(Errno) {
            switch self {
            case .pipe: try SystemCall.makeNode(path, at: nil, mode: 0o010666)
            case .device:
                // /dev/null
                try SystemCall.makeNode(
                    path, at: nil, mode: 0o020666, device: DeviceNumber(major: 1, minor: 3))
            case .socket: try SystemCall.makeNode(path, at: nil, mode: 0o140666)
            }
        }

        static var possible: [Thing] { geteuid() == 0 ? allCases : [.pipe] }
    }

    /// Counts the opens of a file that call a driver or a pipe's other end: O_PATH is none.
    private struct OpenWatch: ~Copyable {
        private let watch: Int32

        init(_ path: FilePath) throws {
            watch = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
            let mark = unsafe inotify_add_watch(watch, path.string, UInt32(IN_OPEN))
            try #require(watch >= 0 && mark >= 0)
        }

        func opens() -> Int {
            var bytes = [UInt8](repeating: 0, count: 65536)
            return max(0, unsafe read(watch, &bytes, bytes.count)) / 16
        }

        deinit { close(watch) }
    }

    @Test("What is no regular file is refused and not opened", arguments: Thing.possible)
    func refused(_ thing: Thing) throws {
        let host = try HostFixture()
        try thing.make(host.root.appending("it"))
        let watch = try OpenWatch(host.root.appending("it"))
        for access in [CreateParameters.Access.read, .write, [.read, .write]] {
            for disposition in [CreateParameters.Disposition.open, .openIf, .overwrite] {
                for options in [CreateParameters.Options(), .nonCached, .noFollow] {
                    let errno = host.openErrno(
                        "it", access: access, disposition, kind: .regularFile, options: options)
                    #expect(errno == .invalidArgument)
                }
            }
        }
        #expect(watch.opens() == 0)
        // The watch would have told.
        if thing == .pipe {
            close(unsafe Glibc.open(host.root.appending("it").string, O_RDWR))
            #expect(watch.opens() == 1)
        }
    }

    @Test("A regular file that becomes another thing is opened itself or not at all")
    func opened() throws {
        for thing in Thing.possible { try race(thing) }
    }

    private func race(_ thing: Thing) throws {
        let host = try HostFixture()
        try host.hostFile("it", Array("bytes".utf8))
        let other = host.root.appending("other")
        try thing.make(other)
        let watch = try OpenWatch(other)
        let isOver = Atomic(false)
        let mover = Thread {
            while !isOver.load(ordering: .relaxed) {
                try? SystemCall.rename(host.root.appending("it"), to: other, .exchanging)
            }
        }
        mover.start()
        var (found, refused) = (0, 0)
        while found + refused < 4000 || min(found, refused) == 0 && found + refused < 400_000 {
            do throws(IOFailure) {
                let file = try host.open("it", kind: .regularFile)
                defer { file.close() }
                #expect(try file.read(at: 0, length: 16) == Array("bytes".utf8))
                found += 1
            } catch {
                #expect(error.errno == .invalidArgument)
                refused += 1
            }
        }
        isOver.store(true, ordering: .relaxed)
        mover.join()
        #expect(found > 0 && refused > 0, "\(thing): \(found) found, \(refused) refused")
        #expect(watch.opens() == 0, "\(thing)")
    }

    @Test("A directory that becomes a link out is not entered by what was opened within it")
    func directories() throws {
        let host = try HostFixture()
        let outside = host.folder.path.appending("outside")
        try SystemCall.makeDirectory(outside, mode: 0o755)
        let names = (0..<400).map { "file\($0)" }
        for name in names + ["moved"] {
            _ = try SystemCall.open(outside.appending(name), [.readWrite, .create], mode: 0o644)
        }
        try SystemCall.makeDirectory(host.root.appending("sub"), mode: 0o755)
        try SystemCall.makeSymbolicLink(to: outside.bytes, named: host.root.appending("link"))
        let isOver = Atomic(false)
        let mover = Thread {
            while !isOver.load(ordering: .relaxed) {
                try? SystemCall.rename(
                    host.root.appending("sub"), to: host.root.appending("link"), .exchanging)
            }
        }
        mover.start()
        var (made, removed) = (0, 0)
        for round in 0..<4000 {
            let name = names[round % names.count]
            guard let component = FilePath.Component(name) else { continue }
            let new = FilePath("sub/new\(round)")
            if host.openErrno(new, access: [], .create, kind: .directory) == nil { made += 1 }
            guard let sub = try? host.open("sub", kind: .directory) else { continue }
            defer { sub.close() }
            // Each of these names exists outside, and none within.
            try? sub.apply(.unlink(component, directory: false))
            try? sub.apply(.rename(from: component, to: "moved", in: sub, []))
            removed += 1
        }
        isOver.store(true, ordering: .relaxed)
        mover.join()
        #expect(made > 0 && removed > 0)
        let left = try FileManager.default.contentsOfDirectory(atPath: outside.string)
        #expect(Set(left) == Set(names + ["moved"]))
    }
}
