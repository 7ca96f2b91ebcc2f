import Dispatch
import IOStack
import LinuxKit
import SystemPackage
import Testing

@testable import HostFileSystem

/// The process that answers when a service has died, here a thread of the tests.
@Suite(.enabled(if: GateBench.isAvailable, "\(GateBench.needs)"), .timeLimit(.minutes(10)))
struct GuardianTests {
    private let bench: GateBench
    /// Its end is the guardian's.
    private let mount: MountedFileSystem

    init() throws {
        bench = try GateBench()
        mount = try MountedFileSystem(type: "tmpfs") { _ in "size=64k" }
    }

    private final class Running: Sendable {
        let service: FileDescriptor
        private let ended = DispatchSemaphore(value: 0)

        init(_ end: FilePath) throws {
            let ends = try SystemCall.channel(patience: 1000)
            service = ends.first
            let ended = ended
            Thread {
                var guardian = GateGuardian(
                    channel: ends.second, slot: 10, end: MountEnd(of: end, above: 10),
                    bounds: GuardianBounds(), tell: { _ in })
                guardian.run()
                ended.signal()
            }.start()
        }

        func send(_ message: GuardianMessage, _ file: FileDescriptor? = nil) throws {
            try SystemCall.send(message: message.bytes, with: file, to: service)
        }

        func ends() -> Bool { ended.wait(timeout: .now() + .seconds(120)) == .success }
    }

    private func guardian() throws -> Running {
        let running = try Running(mount.mountPoint)
        let gates = try #require(bench.host.fileSystem.readGates.withLock { $0 })
        try running.send(.group, gates.group.descriptor)
        let own = FileDescriptor(rawValue: bench.door.storage.rawValue)
        try running.send(.hold(mount: try SystemCall.mountNumber(of: own)), own)
        return running
    }

    @Test("a read whose event a dead service had read, and not answered, fails")
    func taken() throws {
        let reader = try bench.reader()
        let mayAnswer = DispatchSemaphore(value: 0)
        bench.answers { _ in
            mayAnswer.wait()
            return nil
        }
        try bench.door.close()
        let read = BackgroundRead(reader)
        #expect(eventually { bench.asked.withLock { $0.count } == 1 })
        let guardian = try guardian()
        try guardian.service.close()
        #expect(read.ends())
        #expect(read.error == .ioError)
        // Too late.
        mayAnswer.signal()
        try HostTool.run("umount", [mount.mountPoint.string])
        #expect(guardian.ends())
    }

    @Test("the gate of a file that is held is put in the way, if it was open")
    func open() throws {
        let reader = try bench.reader()
        let held = try guardian()
        #expect(BackgroundRead(reader).ends())
        try held.service.close()
        #expect(
            eventually {
                let read = BackgroundRead(reader)
                return read.ends() && read.error == .ioError
            })
        try HostTool.run("umount", [mount.mountPoint.string])
        #expect(held.ends())
    }

    @Test("while a service lives, its guardian answers nothing and takes nothing")
    func quiet() throws {
        let reader = try bench.reader()
        bench.answers { _ in nil }
        let guardian = try guardian()
        try bench.door.close()
        for _ in 0..<50 {
            let read = BackgroundRead(reader)
            #expect(read.ends())
            #expect(read.error == nil)
        }
        try HostTool.run("umount", [mount.mountPoint.string])
        #expect(guardian.ends())
        try guardian.service.close()
    }

    @Test("messages survive the way, and what is no message is none")
    func messages() {
        for message: GuardianMessage in [
            .group, .hold(mount: .max), .release(mount: 0x0123_4567_89ab_cdef), .pong, .ping,
            .tookOver, .over,
        ] {
            #expect(GuardianMessage(message.bytes) == message)
        }
        #expect(GuardianMessage([UInt8]()) == nil)
        #expect(GuardianMessage([1, 0, 0]) == nil)
        #expect(GuardianMessage([UInt8](repeating: 0, count: 9)) == nil)
        #expect(GuardianMessage([UInt8](repeating: 255, count: 9)) == nil)
    }
}
