import Foundation
import Glibc
import LinuxKit
import SystemPackage
import Testing

@testable import FUSE

/// The threads of a session against the real kernel.
@Suite("Sessions", .enabled(if: Kernel.canMount, "\(Kernel.whyNoMount)"), .serialized)
struct SessionTests {
    @Test("a mount that is asked one thing at a time has few threads", .timeLimit(.minutes(10)))
    func fewThreads() throws {
        let service = try TinyService("--transport", "device")
        for _ in 0..<200 { _ = try Client.status(service.path("greeting")) }
        let threads = try #require(Int(try service.say("threads")))
        // Two, and one more each time a second request comes before the first thread is back, which
        // takes longer on a busy machine.
        #expect((2...8).contains(threads))
        #expect(try service.say("channels") == "\(threads)")
    }

    @Test("slow requests have threads of their own, up to the limit", .timeLimit(.minutes(10)))
    func growth() throws {
        let service = try TinyService(
            "--threads", "6", "--max-threads", "6", "--transport", "device")
        let readers = (0..<5).map { _ in
            Client.Call { [path = service.path("slow")] in try Client.content(path, limit: 512) }
        }
        #expect(try eventually { try service.count("waiting") == 5 })
        // The sixth thread still serves.
        #expect(try Client.text(service.path("greeting")) == "Hello.\n")
        #expect(try service.say("threads") == "6")
        #expect(try service.say("channels") == "6")
        #expect(readers.allSatisfy { !$0.isDone })
        try service.tell("open")
        for reader in readers { #expect(try reader.value().count == 512) }
        try service.tell("unmount")
        try service.expectEnd()
    }

    @Test("at the limit requests wait for a thread", .timeLimit(.minutes(10)))
    func limit() throws {
        let service = try TinyService(
            "--threads", "1", "--max-threads", "1", "--transport", "device")
        let slow = Client.Call { [path = service.path("slow")] in
            try Client.content(path, limit: 512)
        }
        #expect(try eventually { try service.count("waiting") == 1 })
        let fast = Client.Call { [path = service.path("greeting")] in
            try Client.content(path, limit: 512)
        }
        Thread.sleep(forTimeInterval: 0.05)
        #expect(!fast.isDone)
        try service.tell("open")
        #expect(try slow.value().count == 512)
        #expect(try fast.value() == Array("Hello.\n".utf8))
        #expect(try service.say("threads") == "1")
        #expect(try service.say("channels") == "1")
    }

    @Test("many programs at once get right answers", .timeLimit(.minutes(10)))
    func load() throws {
        let service = try TinyService("--transfer", "65536")
        let readers = (0..<8).map { number in
            Client.Call { [path = service.path("pattern")] in
                let file = try FileDescriptor.open(FilePath(path), .readOnly)
                defer { try? file.close() }
                var wrong = 0
                for round in 0..<40 {
                    let offset = (number * 977 + round * 131) * 4096 % (7 << 20)
                    let bytes = try Client.bytes(file, 100_000, offset)
                    for index in stride(from: 0, to: bytes.count, by: 997) {
                        let place = offset + index
                        let right = UInt8(truncatingIfNeeded: place &* 7 &+ place >> 12)
                        if bytes[index] != right { wrong += 1 }
                    }
                    if bytes.count != 100_000 { wrong += 1 }
                }
                return wrong
            }
        }
        for reader in readers { #expect(try reader.value() == 0) }
        try service.tell("unmount")
        try service.expectEnd()
    }

    @Test("an idle session uses no processor time", .timeLimit(.minutes(10)))
    func idle() throws {
        let service = try TinyService()
        _ = try Client.names(service.mountPoint)
        #expect(try eventually { try service.isIdle(seconds: 0.3) })
    }

    @Test(
        "signals are blocked in the session's threads, but for the one it keeps",
        .timeLimit(.minutes(10)))
    func signals() throws {
        let service = try TinyService()
        _ = try Client.names(service.mountPoint)
        let tasks = try FileManager.default.contentsOfDirectory(
            atPath: "/proc/\(service.processID)/task")
        var seen = 0
        for task in tasks {
            let path = "/proc/\(service.processID)/task/\(task)"
            let name = try #require(KernelFile.text(path + "/comm"))
            guard name == "bypassio-fuse\n" else { continue }
            seen += 1
            let status = try #require(KernelFile.text(path + "/status"))
            let blocked = try #require(
                status.split(separator: "\n").first { $0.hasPrefix("SigBlk:") })
            let mask = try #require(UInt64(blocked.split(separator: "\t")[1], radix: 16))
            for signal in [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE, SIGCHLD] {
                #expect(mask & 1 << UInt64(signal - 1) != 0)
            }
        }
        #expect(seen >= 2)
    }

    @Test(
        "a lock that is waited for keeps no thread, and an interrupt ends the wait",
        .enabled(if: Kernel.hasPython, "/usr/bin/python3 is what gets the signal"),
        .timeLimit(.minutes(10)))
    func interrupted() throws {
        let service = try TinyService("--threads", "1")
        // A program of its own, which gets a signal.
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = [
            "-c",
            """
            import fcntl, signal, sys
            class Stop(Exception): pass
            def stop(*_): raise Stop
            signal.signal(signal.SIGUSR1, stop)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
            f = open(sys.argv[1], "r+b")
            try:
                fcntl.lockf(f, fcntl.LOCK_EX)
                sys.exit(3)
            except Stop:
                sys.exit(7)
            """, service.path("notes"),
        ]
        try process.run()
        #expect(try eventually { try service.count("kept") == 1 })
        #expect(try Client.text(service.path("greeting")) == "Hello.\n")
        kill(process.processIdentifier, SIGUSR1)
        try #require(eventually { !process.isRunning })
        #expect(process.terminationStatus == 7)
        #expect(try service.count("interrupt") >= 1)
    }
}
