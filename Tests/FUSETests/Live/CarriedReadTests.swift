import Foundation
import Glibc
import SystemPackage
import Testing

@testable import FUSE

/// Reads that the session carries by itself, against the real kernel.
@Suite(
    "Reads that a session carries by itself",
    .enabled(if: Kernel.canMount, "\(Kernel.whyNoMount)"), .serialized)
struct CarriedReadTests {
    private static let size = 1 << 20

    private static func byte(at offset: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: offset &* 31 &+ offset >> 9)
    }

    private static let content = (0..<size).map { byte(at: $0) }

    private static func backingFile(in folder: ScratchFolder) throws -> String {
        let path = folder.path + "/file"
        try Data(content).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// Compares as a whole: a sanitizer makes a loop over the bytes take minutes.
    private static func isRight(_ bytes: [UInt8], at offset: Int) -> Bool {
        bytes == Array(content[offset..<min(offset + bytes.count, size)])
    }

    /// The numbers of reads begun and of reads ended.
    private func begun(_ service: TinyService) throws -> [Int] {
        try service.say("begun").split(separator: " ").compactMap { Int($0) }
    }

    @Test(
        "many programs at once get right answers, whoever carries the reads",
        .timeLimit(.minutes(10)), arguments: ["1", "16"])
    func load(_ threads: String) throws {
        let folder = try ScratchFolder()
        let service = try TinyService(
            "--threads", threads, "--backing", try Self.backingFile(in: folder))
        let readers = (0..<8).map { number in
            Client.Call { [path = service.path("backing")] in
                let file = try FileDescriptor.open(FilePath(path), .readOnly)
                defer { try? file.close() }
                var wrong = 0
                for round in 0..<200 {
                    let offset = (number * 977 + round * 131) * 512 % (Self.size - 8192)
                    let bytes = try Client.bytes(file, 8192, offset)
                    wrong += bytes.count == 8192 && Self.isRight(bytes, at: offset) ? 0 : 1
                    // Another request between the reads of the others.
                    if round % 16 == 0 { _ = try Client.content(path, limit: 10) }
                }
                return wrong
            }
        }
        for reader in readers { #expect(try reader.value() == 0) }
        let counts = try begun(service)
        #expect(counts[0] > 0)
        #expect(counts[0] == counts[1])
        // While one thread carries reads, a thread that has taken another read asks the service.
        #expect(try counts[0] + service.count("read") >= 8 * 200)
        try service.tell("unmount")
        try service.expectEnd()
    }

    @Test("the end of the file, beyond it, and errors", .timeLimit(.minutes(10)))
    func ends() throws {
        let folder = try ScratchFolder()
        let service = try TinyService("--backing", try Self.backingFile(in: folder))
        let path = service.path("backing")
        #expect(try Client.read(path, limit: 4096, at: Self.size - 100).count == 100)
        #expect(try Client.read(path, limit: 4096, at: Self.size + 4096).isEmpty)
        let directory = try TinyService("--backing", folder.path)
        let file = try Client.open(directory.path("backing"))
        let error = try Client.error { try Client.bytes(file, 10) }
        #expect(error == Errno(rawValue: EISDIR))
        try? file.close()
    }

    @Test(
        "a slow request holds up no carried read, nor does it wait for threads that sleep",
        .timeLimit(.minutes(10)))
    func besideSlow() throws {
        let folder = try ScratchFolder()
        let service = try TinyService(
            "--threads", "3", "--backing", try Self.backingFile(in: folder))
        let path = service.path("backing")
        for round in 0..<20 { _ = try Client.read(path, limit: 4096, at: round * 4096) }
        let slow = (0..<2).map { _ in
            Client.Call { [path = service.path("slow")] in try Client.content(path, limit: 512) }
        }
        #expect(try eventually { try service.count("waiting") == 2 })
        for round in 0..<20 {
            #expect(try Client.read(path, limit: 4096, at: round * 4096).count == 4096)
            #expect(try Client.text(service.path("greeting")) == "Hello.\n")
        }
        try service.tell("open")
        for call in slow { #expect(try call.value().count == 512) }
    }

    /// A pipe without a writer: the read is under way until the test releases it.
    private static func pipe(in folder: ScratchFolder) throws -> String {
        let path = folder.path + "/pipe"
        guard unsafe mkfifo(path, 0o600) == 0 else { throw Errno(rawValue: Glibc.errno) }
        return path
    }

    @Test("an abort ends who waits for a read under way", .timeLimit(.minutes(10)))
    func abort() throws {
        let folder = try ScratchFolder()
        let pipe = try Self.pipe(in: folder)
        let service = try TinyService("--backing", pipe)
        let reader = Client.Call { [path = service.path("backing")] in
            try Client.content(path, limit: 512)
        }
        #expect(try eventually { try begun(service) == [1, 0] })
        // Longer than a carrier waits for the disk alone.
        Thread.sleep(forTimeInterval: 0.05)
        try service.tell("abort")
        #expect(throws: Errno.connectionAbort) { try reader.value() }
        // The session waits until the disk ends the reads under way.
        let end = try FileDescriptor.open(FilePath(pipe), .writeOnly)
        try end.writeAll([1, 2, 3])
        try end.close()
        try service.expectEnd()
        #expect(!service.isMounted)
    }

    @Test("requests are taken while a read is under way for long", .timeLimit(.minutes(10)))
    func longRead() throws {
        let folder = try ScratchFolder()
        let pipe = try Self.pipe(in: folder)
        let service = try TinyService("--backing", pipe)
        let first = Client.Call { [path = service.path("backing")] in
            try Client.content(path, limit: 3)
        }
        #expect(try eventually { try begun(service) == [1, 0] })
        Thread.sleep(forTimeInterval: 0.05)
        let second = Client.Call { [path = service.path("backing")] in
            try Client.content(path, limit: 3)
        }
        let end = try FileDescriptor.open(FilePath(pipe), .writeOnly)
        try end.writeAll([1, 2, 3])
        #expect(try first.value() == [1, 2, 3])
        try end.writeAll([4, 5, 6])
        #expect(try second.value() == [4, 5, 6])
        try end.close()
    }

    @Test("a service killed with a read under way leaves nobody waiting", .timeLimit(.minutes(10)))
    func killed() throws {
        let folder = try ScratchFolder()
        let service = try TinyService("--backing", try Self.pipe(in: folder))
        let reader = Client.Call { [path = service.path("backing")] in
            try Client.content(path, limit: 512)
        }
        #expect(try eventually { try begun(service) == [1, 0] })
        service.killNow()
        #expect(throws: Errno.connectionAbort) { try reader.value() }
    }

    @Test(
        "without descriptors for a ring a thread waits for each read",
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: "/usr/bin/prlimit"),
            "prlimit(1) of util-linux is what takes the descriptors away"),
        .timeLimit(.minutes(10)))
    func withoutRing() throws {
        let folder = try ScratchFolder()
        let service = try TinyService("--backing", try Self.backingFile(in: folder))
        _ = try Client.names(service.mountPoint)
        // No descriptor is free, whichever numbers are in use.
        let tool = Process()
        tool.executableURL = URL(fileURLWithPath: "/usr/bin/prlimit")
        tool.arguments = ["--pid", "\(service.processID)", "--nofile=1:1"]
        try tool.run()
        tool.waitUntilExit()
        try #require(tool.terminationStatus == 0)
        let bytes = try Client.read(service.path("backing"), limit: 8192, at: 4096)
        #expect(Self.isRight(bytes, at: 4096))
        #expect(bytes.count == 8192)
        #expect(try begun(service) == [1, 1])
    }
}
