import Foundation
import Glibc
import IOStack
import LinuxKit
import SystemPackage
import Testing

@testable import HostFileSystem

@Suite("Opens that share a descriptor")
struct SharedDescriptionTests {
    /// Descriptors of this process that are open on a file.
    private func descriptors(of path: FilePath) -> Int {
        let folder = "/proc/self/fd"
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return numbers.count {
            let target = try? FileManager.default.destinationOfSymbolicLink(
                atPath: "\(folder)/\($0)")
            return target == path.string
        }
    }

    @Test("Opens for reading take one descriptor, which goes with the last of them")
    func many() throws {
        let host = try HostFixture()
        let path = try host.hostFile("file", pattern(8192))
        var files = try (0..<500).map { _ in try host.open("file", kind: .regularFile) }
        #expect(descriptors(of: path) == 1)
        #expect(Set(files.map { $0.storage?.rawValue }).count == 1)
        for file in files {
            #expect(try file.read(at: 5000, length: 3) == [UInt8](pattern(8192)[5000..<5003]))
        }
        // Closes all but the last, the first too, which opened the descriptor.
        while files.count > 1 { files.removeFirst().close() }
        #expect(descriptors(of: path) == 1)
        #expect(try files[0].read(at: 0, length: 1) == [pattern(1)[0]])
        files[0].close()
        #expect(descriptors(of: path) == 0)
    }

    @Test("Opens that may write, and such with other flags, do not share")
    func others() throws {
        let host = try HostFixture()
        let path = try host.hostFile("file", pattern(8192))
        let files = [
            try host.open("file"), try host.open("file"),
            try host.open("file", options: .nonCached),
            try host.open("file", options: .noAccessTime),
            try host.open("file", access: [.read, .write]),
            try host.open("file", access: [.read, .write]), try host.open("file", access: .write),
        ]
        #expect(descriptors(of: path) == 6)
        #expect(files[0].storage == files[1].storage)
        for file in files { file.close() }
        #expect(descriptors(of: path) == 0)
    }

    @Test("A file that took another's name, and another name of the same file, are their own")
    func names() throws {
        let host = try HostFixture()
        let path = try host.hostFile("file", [1])
        let first = try host.open("file")
        try SystemCall.link(
            "file", at: host.fileSystem.root, to: "second", at: host.fileSystem.root)
        let second = try host.open("second")
        #expect(try host.fileSystem.path(of: first) == "file")
        #expect(try host.fileSystem.path(of: second) == "second")
        #expect(first.storage != second.storage)
        try SystemCall.unlink("file", at: host.fileSystem.root, isDirectory: false)
        #expect(throws: IOFailure.self) { try host.fileSystem.path(of: first) }
        #expect(try host.fileSystem.path(of: try host.open("second")) == "second")
        try host.hostFile("file", [2])
        let third = try host.open("file")
        #expect(try third.read(at: 0, length: 1) == [2])
        #expect(try first.read(at: 0, length: 1) == [1])
        for file in [first, second, third] { file.close() }
        #expect(descriptors(of: path) == 0)
    }

    @Test("Locks of opens that share exclude each other, and end with their own")
    func locks() throws {
        let host = try HostFixture()
        let path = try host.hostFile("file", [1])
        let (one, two, three) = (
            try host.open("file"), try host.open("file"), try host.open("file")
        )
        #expect(descriptors(of: path) == 1)
        let exclusive = FileLock(.exclusive, .wholeFile, .tryLock)
        #expect(errno { () throws(IOFailure) in try one.lock(exclusive) } == nil)
        #expect(
            errno { () throws(IOFailure) in try two.lock(exclusive) }
                == .resourceTemporarilyUnavailable)
        three.close()
        #expect(
            errno { () throws(IOFailure) in try two.lock(exclusive) }
                == .resourceTemporarilyUnavailable)
        one.close()
        #expect(errno { () throws(IOFailure) in try two.lock(exclusive) } == nil)
        two.close()
        #expect(descriptors(of: path) == 0)
    }

    @Test("Whoever watches the file sees each open")
    func watched() throws {
        let host = try HostFixture()
        let path = try host.hostFile("file", [1])
        let watch = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        defer { close(watch) }
        let mark = unsafe inotify_add_watch(watch, path.string, UInt32(IN_OPEN | IN_CLOSE))
        try #require(watch >= 0 && mark >= 0)
        func events() -> [UInt32] {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = max(0, unsafe read(watch, &bytes, bytes.count))
            return stride(from: 0, to: count, by: 16).map { start in
                (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + 4 + $1]) << (8 * $1) }
            }
        }
        let (opened, closed) = (UInt32(IN_OPEN), UInt32(IN_CLOSE_NOWRITE))
        var files: [FileObject] = []
        for number in 0..<3 {
            files.append(try host.open("file", kind: .regularFile))
            // The previous descriptor closes, but only after the new one is open.
            #expect(events() == (number == 0 ? [opened] : [opened, closed]))
        }
        for file in files { file.close() }
        #expect(events() == [closed])
    }

    @Test("Many threads open and close one file at once")
    func storm() throws {
        let host = try HostFixture()
        let path = try host.hostFile("file", pattern(4096))
        let wrong = Guarded(0)
        let threads = (0..<4).map { _ in
            Thread {
                for _ in 0..<300 {
                    guard let file = try? host.open("file", kind: .regularFile) else {
                        wrong.withLock { $0 += 1 }
                        continue
                    }
                    if (try? file.read(at: 100, length: 2)) != [UInt8](pattern(4096)[100..<102]) {
                        wrong.withLock { $0 += 1 }
                    }
                    file.close()
                }
            }
        }
        for thread in threads { thread.start() }
        for thread in threads { #expect(thread.join(within: 120)) }
        #expect(wrong.withLock { $0 } == 0)
        #expect(descriptors(of: path) == 0)
    }
}
