import Foundation
import Glibc
import LinuxKit
import SystemPackage
import Testing

@testable import FUSE
@testable import FUSERing

/// Requests through io_uring, against the real kernel. BYPASSIO_TEST_TRANSPORT=ring runs the other
/// live suites this way too.
@Suite(
    "Requests by io_uring",
    .enabled(if: Kernel.canMount, "\(Kernel.whyNoMount)"),
    .enabled(if: Kernel.offersRing, "\(Kernel.whyNoRing)"), .serialized)
struct RequestQueueTests {
    private func service(_ options: [String] = []) throws -> TinyService {
        let service = try TinyService(["--transport", "ring", "--threads", "256"] + options)
        #expect(try service.say("transport") == "ring")
        return service
    }

    @Test(
        "programs on every CPU are served",
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: "/usr/bin/taskset"),
            "taskset(1) of util-linux is what keeps a program on a CPU"),
        .timeLimit(.minutes(10)))
    func everyCPU() throws {
        let service = try service()
        for cpu in 0..<Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) {
            for _ in 0..<5 {
                let process = Process()
                process.executableURL = URL(fileURLWithPath: "/usr/bin/taskset")
                process.arguments = ["-c", "\(cpu)", "cat", service.path("greeting")]
                let output = Pipe()
                process.standardOutput = output
                try process.run()
                try #require(eventually { !process.isRunning })
                let text = output.fileHandleForReading.availableData
                #expect(String(decoding: text, as: UTF8.self) == "Hello.\n")
            }
        }
        try service.tell("unmount")
        try service.expectEnd()
    }

    @Test(
        "requests that wait, more than a queue has entries, hold up nobody",
        .timeLimit(.minutes(10))
    )
    func slow() throws {
        let service = try service()
        var readers: [Client.Call<[UInt8]>] = []
        while readers.count < QueueCarrier.depth * 3 / 2 {
            for _ in 0..<32 {
                readers.append(
                    Client.Call { [path = service.path("slow")] in
                        try Client.content(path, limit: 512)
                    })
            }
            #expect(try eventually { try service.count("waiting") == readers.count })
        }
        for _ in 0..<50 { #expect(try Client.text(service.path("greeting")) == "Hello.\n") }
        #expect(readers.allSatisfy { !$0.isDone })
        try service.tell("open")
        for reader in readers { #expect(try reader.value().count == 512) }
        for _ in 0..<50 { #expect(try Client.text(service.path("greeting")) == "Hello.\n") }
        try service.tell("unmount")
        try service.expectEnd()
    }

    @Test(
        "at the limit of threads requests wait, and are carried when one is done",
        .timeLimit(.minutes(10)))
    func limit() throws {
        let service = try TinyService("--transport", "ring", "--threads", "1", "--max-threads", "1")
        let readers = (0..<20).map { _ in
            Client.Call { [path = service.path("slow")] in try Client.content(path, limit: 512) }
        }
        #expect(try eventually { try service.count("waiting") >= 1 })
        let other = Client.Call { [path = service.path("greeting")] in
            try Client.content(path, limit: 64)
        }
        Thread.sleep(forTimeInterval: 0.05)
        try service.tell("open")
        for reader in readers { #expect(try reader.value().count == 512) }
        #expect(try other.value() == Array("Hello.\n".utf8))
        try service.tell("unmount")
        try service.expectEnd()
    }

    @Test(
        "an abort and a kill leave nobody waiting", .timeLimit(.minutes(10)),
        arguments: [true, false])
    func ends(isKill: Bool) throws {
        let service = try service()
        let readers = (0..<6).map { _ in
            Client.Call { [path = service.path("slow")] in try Client.content(path, limit: 512) }
        }
        #expect(try eventually { try service.count("waiting") == 6 })
        if isKill {
            service.killNow()
        } else {
            try service.tell("abort")
        }
        for reader in readers {
            #expect(throws: Errno.connectionAbort) { try reader.value() }
        }
        if !isKill {
            try service.tell("open")
            try service.expectEnd()
        }
    }

    @Test(
        "a program that is killed does not wait for its request, wherever that is",
        .timeLimit(.minutes(10)), arguments: ["256", "2"])
    func killed(threads: String) throws {
        let service = try TinyService(
            "--transport", "ring", "--threads", "2", "--max-threads", threads, "--tells-of-waits")
        let programs = try (0..<12).map { _ in
            let program = Process()
            program.executableURL = URL(fileURLWithPath: "/usr/bin/dd")
            program.arguments = [
                "if=\(service.path("slow"))", "of=/dev/null", "bs=512", "count=1",
            ]
            program.standardError = FileHandle.nullDevice
            try program.run()
            return program
        }
        // With few threads the other requests wait for a thread.
        #expect(try eventually { try service.count("waiting") >= (threads == "2" ? 2 : 12) })
        for program in programs { kill(program.processIdentifier, SIGKILL) }
        for program in programs { #expect(eventually { !program.isRunning }) }
        // The service's answers are dropped from now on.
        try service.tell("open")
        for _ in 0..<50 { #expect(try Client.text(service.path("greeting")) == "Hello.\n") }
        try service.tell("unmount")
        try service.expectEnd()
    }

    /// While the thread that owns the entry is stopped, the kernel has given the request an entry,
    /// so the kill cannot take it back any more, and has not sent it yet, so the kernel tells
    /// nobody of the kill.
    @Test(
        "a program that is killed while the kernel hands its request over does not wait for it",
        .timeLimit(.minutes(10)), arguments: ["256", "2"])
    func killedInHandover(threads: String) throws {
        let service = try TinyService(
            "--transport", "ring", "--threads", "2", "--max-threads", threads, "--tells-of-waits")
        // With few threads these have them all.
        let others = (0..<2).map { _ in
            Client.Call { [path = service.path("slow")] in try Client.content(path, limit: 512) }
        }
        #expect(try eventually { try service.count("waiting") == 2 })
        let program = try ReadyReader(service.path("slow"))
        kill(service.processID, SIGSTOP)
        try program.read()
        #expect(eventually { program.isWaiting })
        program.kill()
        kill(service.processID, SIGCONT)
        #expect(eventually { !program.isRunning })
        #expect(others.allSatisfy { !$0.isDone })
        try service.tell("open")
        for other in others { #expect(try other.value().count == 512) }
        #expect(try Client.text(service.path("greeting")) == "Hello.\n")
        try service.tell("unmount")
        try service.expectEnd()
    }

    @Test("mounting and unmounting many times leaves nothing behind", .timeLimit(.minutes(10)))
    func again() throws {
        for _ in 0..<20 {
            let service = try service()
            #expect(try Client.text(service.path("greeting")) == "Hello.\n")
            try service.tell("unmount")
            try service.expectEnd()
        }
    }
}

/// A program that has a file open and reads it when told to.
private final class ReadyReader {
    private let process = Process()
    private let commands = Pipe()

    init(_ path: String) throws {
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c", "exec 3<\"$1\"; echo; read go; exec dd bs=512 count=1 of=/dev/null <&3", "sh",
            path,
        ]
        let answers = Pipe()
        process.standardInput = commands
        process.standardOutput = answers
        process.standardError = FileHandle.nullDevice
        try process.run()
        try #require(answers.fileHandleForReading.availableData.count == 1)
    }

    func read() throws { try commands.fileHandleForWriting.write(contentsOf: Data("\n".utf8)) }

    /// For an answer of the service.
    var isWaiting: Bool {
        KernelFile.text("/proc/\(process.processIdentifier)/wchan") == "request_wait_answer"
    }

    var isRunning: Bool { process.isRunning }

    func kill() { _ = Glibc.kill(process.processIdentifier, SIGKILL) }
}
