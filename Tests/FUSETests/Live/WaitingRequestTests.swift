import Foundation
import Glibc
import SystemPackage
import Testing

@testable import FUSE

/// A request that waits delays no other request, against the real kernel.
@Suite(
    "Requests that wait", .enabled(if: Kernel.canMount, "\(Kernel.whyNoMount)"), .serialized)
struct WaitingRequestTests {
    private func slowReads(_ count: Int, _ service: TinyService) -> [Client.Call<[UInt8]>] {
        (0..<count).map { _ in
            Client.Call { [path = service.path("slow")] in try Client.content(path, limit: 512) }
        }
    }

    private func everythingElseGoesOn(_ service: TinyService) throws {
        #expect(try Client.text(service.path("greeting")) == "Hello.\n")
        #expect(try Client.names(service.mountPoint).contains("greeting"))
        _ = try Client.status(service.path("notes"))
    }

    @Test("threads that wait do not count against the limit", .timeLimit(.minutes(10)))
    func replaced() throws {
        let service = try TinyService("--threads", "2", "--transport", "device")
        let readers = slowReads(12, service)
        #expect(try eventually { try service.count("waiting") == 12 })
        try everythingElseGoesOn(service)
        #expect(readers.allSatisfy { !$0.isDone })
        try service.tell("open")
        for reader in readers { #expect(try reader.value().count == 512) }
        try everythingElseGoesOn(service)
        try service.tell("unmount")
        try service.expectEnd()
    }

    @Test("threads beyond the limit leave when nothing waits any more", .timeLimit(.minutes(10)))
    func leave() throws {
        let service = try TinyService("--threads", "2", "--transport", "device")
        let readers = slowReads(12, service)
        #expect(try eventually { try service.count("waiting") == 12 })
        try service.tell("open")
        for reader in readers { #expect(try reader.value().count == 512) }
        #expect(
            try eventually {
                _ = try Client.status(service.path("greeting"))
                return Int(try service.say("threads")) ?? 0 <= 3
            })
        try everythingElseGoesOn(service)
        try service.tell("unmount")
        try service.expectEnd()
    }

    @Test("one file's requests leave threads to others, and are carried later")
    func shares() throws {
        // Of 16 further threads a file may use two, a user four.
        let service = try TinyService(
            "--threads", "2", "--max-threads", "18", "--transport", "device")
        let readers = slowReads(40, service)
        #expect(try eventually { try service.count("waiting") >= 4 })
        for _ in 0..<3 { try everythingElseGoesOn(service) }
        #expect(try service.count("waiting") < 18)
        try service.tell("open")
        for reader in readers { #expect(try reader.value().count == 512) }
        try everythingElseGoesOn(service)
        try service.tell("unmount")
        try service.expectEnd()
    }

    @Test(
        "a disk that does not answer holds up its reads alone", .timeLimit(.minutes(10)),
        arguments: [("1", 20), ("16", 1)])
    func hungDisk(threads: String, reads: Int) throws {
        let folder = try ScratchFolder()
        let pipe = folder.path + "/pipe"
        try #require(unsafe mkfifo(pipe, 0o600) == 0)
        let service = try TinyService(
            "--threads", threads, "--backing", pipe, "--transport", "device")
        let readers = (0..<reads).map { _ in
            Client.Call { [path = service.path("backing")] in try Client.content(path, limit: 3) }
        }
        #expect(try eventually { try service.say("begun") == "\(reads) 0" })
        for _ in 0..<20 { try everythingElseGoesOn(service) }
        #expect(readers.allSatisfy { !$0.isDone })
        let end = try FileDescriptor.open(FilePath(pipe), .writeOnly)
        try end.writeAll([UInt8](repeating: 5, count: 3 * reads))
        for reader in readers { #expect(try reader.value().count <= 3) }
        try end.close()
        try everythingElseGoesOn(service)
        try service.tell("unmount")
        try service.expectEnd()
    }

    @Test("an abort ends what was put aside", .timeLimit(.minutes(10)))
    func abort() throws {
        let service = try TinyService(
            "--threads", "2", "--max-threads", "18", "--transport", "device")
        let readers = slowReads(40, service)
        #expect(try eventually { try service.count("waiting") >= 4 })
        try service.tell("abort")
        for reader in readers { #expect(throws: Errno.self) { try reader.value() } }
        try service.tell("open")
        try service.expectEnd()
    }

    // MARK: Interrupts

    /// Starts programs of their own that read the slow file; the test will kill them.
    private func slowPrograms(_ count: Int, _ service: TinyService) throws -> [Process] {
        try (0..<count).map { _ in
            let program = Process()
            program.executableURL = URL(fileURLWithPath: "/usr/bin/dd")
            program.arguments = ["if=\(service.path("slow"))", "of=/dev/null", "bs=512", "count=1"]
            program.standardError = FileHandle.nullDevice
            try program.run()
            return program
        }
    }

    private func expectDeath(of programs: [Process]) {
        for program in programs { kill(program.processIdentifier, SIGKILL) }
        for program in programs { #expect(eventually { !program.isRunning }) }
    }

    @Test("a program that is killed does not wait for its request", .timeLimit(.minutes(10)))
    func killed() throws {
        let service = try TinyService("--threads", "2", "--tells-of-waits", "--transport", "device")
        let programs = try slowPrograms(6, service)
        #expect(try eventually { try service.count("waiting") == 6 })
        expectDeath(of: programs)
        try everythingElseGoesOn(service)
        // The service's answers are dropped from now on.
        try service.tell("open")
        try everythingElseGoesOn(service)
        try service.tell("unmount")
        try service.expectEnd()
    }

    @Test("nor for one that was put aside", .timeLimit(.minutes(10)))
    func killedAside() throws {
        let service = try TinyService(
            "--threads", "2", "--max-threads", "18", "--tells-of-waits", "--transport", "device")
        let programs = try slowPrograms(12, service)
        #expect(try eventually { try service.count("waiting") >= 4 })
        expectDeath(of: programs)
        #expect(try service.count("waiting") < 12)
        try everythingElseGoesOn(service)
        try service.tell("open")
        try service.tell("unmount")
        try service.expectEnd()
    }
}
