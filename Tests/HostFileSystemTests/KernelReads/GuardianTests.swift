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
        private let own: FileDescriptor
        private let mountPoint: FilePath
        private let ended = DispatchSemaphore(value: 0)

        init(_ mountPoint: FilePath) throws {
            (service, own) = try SystemCall.channel(patience: 1000)
            self.mountPoint = mountPoint
        }

        func start() {
            let (own, mountPoint, ended) = (own, mountPoint, ended)
            Thread {
                var guardian = GateGuardian(
                    channel: own, slot: 10, mountPoint: mountPoint, bounds: GuardianBounds(),
                    tell: { _ in })
                guardian.run()
                ended.signal()
            }.start()
        }

        func send(_ message: GuardianMessage, _ file: FileDescriptor? = nil) throws {
            try SystemCall.send(message: message.bytes, with: file, to: service)
        }

        /// A message of the guardian's that the service reads never.
        func leaveUnread(_ message: GuardianMessage) throws {
            try SystemCall.send(message: message.bytes, with: nil, to: own)
        }

        func ends() -> Bool { ended.wait(timeout: .now() + .seconds(120)) == .success }
    }

    /// One that was told everything.
    private func guardian(isWatching: Bool = true) throws -> Running {
        let running = try told(isWatching: isWatching)
        running.start()
        return running
    }

    private func told(isWatching: Bool = true) throws -> Running {
        let running = try Running(mount.mountPoint)
        if isWatching {
            let watch = try SystemCall.watchEnd(of: mount.mountPoint)
            try running.send(.end, watch.descriptor)
        } else {
            try running.send(.end)
        }
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

    @Test("what a service said counts, also where it died with a message of the guardian's unread")
    func unread() throws {
        let reader = try bench.reader()
        let guardian = try told()
        try guardian.leaveUnread(.ping)
        try guardian.service.close()
        guardian.start()
        #expect(
            eventually {
                let read = BackgroundRead(reader)
                return read.ends() && read.error == .ioError
            })
        try HostTool.run("umount", [mount.mountPoint.string])
        #expect(guardian.ends())
    }

    @Test(
        "a file system that ended before the guardian began is one that ended",
        arguments: [true, false])
    func endedBefore(isWatching: Bool) throws {
        let guardian = try told(isWatching: isWatching)
        try HostTool.run("umount", [mount.mountPoint.string])
        guardian.start()
        #expect(guardian.ends())
        try guardian.service.close()
    }

    @Test("without a watch a guardian looks whether the file system is mounted somewhere")
    func unwatched() throws {
        let guardian = try guardian(isWatching: false)
        try guardian.service.close()
        try HostTool.run("umount", [mount.mountPoint.string])
        #expect(guardian.ends())
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
            .tookOver, .over, .adopted(by: 1 << 20), .end,
            .kept(by: 1 << 22),
        ] {
            #expect(GuardianMessage(message.bytes) == message)
        }
        #expect(GuardianMessage([UInt8]()) == nil)
        #expect(GuardianMessage([1, 0, 0]) == nil)
        #expect(GuardianMessage([UInt8](repeating: 0, count: 9)) == nil)
        #expect(GuardianMessage([UInt8](repeating: 255, count: 9)) == nil)
    }
}
