import Foundation
import Glibc
import LinuxKit
import SystemPackage
import Testing

@testable import FUSE

/// How mounts end: in order, in use, from outside, and with their service.
@Suite("The end of mounts", .enabled(if: Kernel.canMount, "\(Kernel.whyNoMount)"), .serialized)
struct EndTests {
    private func kind(_ body: () throws(MountError) -> Void) -> MountError.Kind? {
        do throws(MountError) {
            try body()
            return nil
        } catch {
            return error.kind
        }
    }

    private func isDead(_ service: TinyService) throws -> Bool {
        try Client.call { [path = service.mountPoint] in Unmounting.isDead(FilePath(path)) }
    }

    /// At once over /dev/fuse; over a ring, its commands keep the connection until the kernel has
    /// removed it.
    private func isGone(_ file: FileDescriptor) throws -> Bool {
        try eventually {
            try Client.error { try Client.bytes(file, 10) } == .socketNotConnected
        }
    }

    @Test("open files are served after an unmount, until they are closed", .timeLimit(.minutes(10)))
    func whileUsed() throws {
        let service = try TinyService()
        let file = try Client.open(service.path("pattern"))
        try service.tell("unmount")
        #expect(!service.isMounted)
        #expect(try Client.names(service.mountPoint).isEmpty)
        #expect(try Client.call { try Client.bytes(file, 65536) }.count == 65536)
        #expect(try service.say("threads") != "0")
        try Client.call { try file.close() }
        try service.expectEnd()
    }

    @Test("an unmount from outside ends the session", .timeLimit(.minutes(10)))
    func fromOutside() throws {
        let service = try TinyService()
        _ = try Client.names(service.mountPoint)
        try Unmounting.unmount(FilePath(service.mountPoint), force: false, lazy: false)
        try service.expectEnd()
    }

    @Test("what is in use is not unmounted but lazily or by force", .timeLimit(.minutes(10)))
    func inUse() throws {
        let service = try TinyService()
        let path = FilePath(service.mountPoint)
        let file = try Client.open(service.path("greeting"))
        #expect(
            kind { () throws(MountError) in
                try Unmounting.unmount(path, force: false, lazy: false)
            } == .inUse)
        #expect(service.isMounted)
        try Unmounting.unmount(path, force: true, lazy: false)
        #expect(!service.isMounted)
        #expect(try Client.error { try Client.bytes(file, 10) } == .socketNotConnected)
        try service.expectEnd()
        try? file.close()
    }

    @Test("an unmount through a link, and one of what is not mounted", .timeLimit(.minutes(10)))
    func links() throws {
        let service = try TinyService()
        let folder = try ScratchFolder()
        let link = folder.path + "/link"
        try FileManager.default.createSymbolicLink(
            atPath: link, withDestinationPath: service.mountPoint)
        try Unmounting.unmount(FilePath(link), force: false, lazy: false)
        try service.expectEnd()
        #expect(
            kind { () throws(MountError) in
                try Unmounting.unmount(FilePath(service.mountPoint), force: false, lazy: false)
            } == .notMounted)
        #expect(
            kind { () throws(MountError) in
                try Unmounting.unmount(FilePath(folder.path + "/none"), force: false, lazy: false)
            } == .mountPointMissing)
    }

    @Test("a session does not unmount what came in its place", .timeLimit(.minutes(10)))
    func replaced() throws {
        let service = try TinyService()
        let file = try Client.open(service.path("greeting"))
        let path = FilePath(service.mountPoint)
        try Unmounting.unmount(path, force: false, lazy: true)
        try MountCalls.mount(
            source: "other", at: path, type: "tmpfs", flags: 0, options: "size=4096")
        defer { try? MountCalls.unmount(path, flags: 2) }
        #expect(try service.say("unmount").hasPrefix("failed"))
        #expect(service.entry?.fileSystemType == "tmpfs")
        try service.tell("abort")
        #expect(service.entry?.fileSystemType == "tmpfs")
        try service.expectEnd()
        try? file.close()
    }

    @Test("an abort ends what waits, and what is open", .timeLimit(.minutes(10)))
    func abort() throws {
        let service = try TinyService()
        let file = try Client.open(service.path("greeting"))
        let reader = Client.Call { [path = service.path("slow")] in
            try Client.content(path, limit: 512)
        }
        #expect(try eventually { try service.count("waiting") == 1 })
        try service.tell("abort")
        // The reader gets its error although the service still carries its request.
        #expect(throws: Errno.connectionAbort) { try reader.value() }
        #expect(try isGone(file))
        #expect(!service.isMounted)
        #expect(try eventually { try service.say("threads") == "1" })
        try service.tell("open")
        try service.expectEnd()
        try? file.close()
    }

    @Test("an abort after a lazy unmount", .timeLimit(.minutes(10)))
    func abortUnmounted() throws {
        let service = try TinyService()
        let file = try Client.open(service.path("greeting"))
        try service.tell("unmount")
        try service.tell("abort")
        #expect(try isGone(file))
        try service.expectEnd()
        try? file.close()
    }

    @Test(
        "a killed service leaves a dead mount, which can be unmounted", arguments: [false, true])
    func killed(_ isCached: Bool) throws {
        let service = isCached ? try TinyService("--validity", "3600") : try TinyService()
        _ = try Client.names(service.mountPoint)
        #expect(try !isDead(service))
        let reader = Client.Call { [path = service.path("slow")] in
            try Client.content(path, limit: 512)
        }
        #expect(try eventually { try service.count("waiting") == 1 })
        service.killNow()
        #expect(throws: Errno.connectionAbort) { try reader.value() }
        #expect(service.isMounted)
        #expect(try isDead(service))
        let path = FilePath(service.mountPoint)
        #expect(
            kind { () throws(MountError) in _ = try MountPoint.checked(path) } == .mountPointDead)
        try Unmounting.unmount(path, force: false, lazy: false)
        #expect(!service.isMounted)
        #expect(try !isDead(service))
        #expect(try MountPoint.checked(path) == path)
    }

    /// Children of this process that ended without becoming another program and that no call waited
    /// for.
    private func unreapedQuestions() -> [String] {
        let own = (KernelFile.text("/proc/self/comm") ?? "").dropLast()
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.filter { $0.allSatisfy(\.isNumber) }.filter { process in
            let text = KernelFile.text("/proc/\(process)/stat") ?? ""
            return text.contains("(\(own)) Z \(getpid()) ")
        }
    }

    @Test("a question that a service has and does not answer ends in time and leaves no process")
    func unanswered() throws {
        let service = try TinyService()
        let path = FilePath(service.path("slow"))
        #expect(throws: Errno.timedOut) {
            try ServiceQuestion.attribute("user.any", of: path, within: .milliseconds(200))
        }
        #expect(try eventually { try service.count("waiting") == 1 })
        try service.tell("open")
        #expect(throws: Errno.notSupported) {
            try ServiceQuestion.attribute("user.any", of: path, within: .seconds(60))
        }
        let isReaped = eventually(seconds: 20) { unreapedQuestions().isEmpty }
        #expect(isReaped)
        try service.tell("unmount")
        try service.expectEnd()
    }

    @Test("a dead mount with open files is unmounted lazily", .timeLimit(.minutes(10)))
    func killedWhileUsed() throws {
        let service = try TinyService()
        let file = try Client.open(service.path("greeting"))
        service.killNow()
        let path = FilePath(service.mountPoint)
        #expect(
            kind { () throws(MountError) in
                try Unmounting.unmount(path, force: false, lazy: false)
            } == .inUse)
        try Unmounting.unmount(path, force: false, lazy: true)
        #expect(!service.isMounted)
        try? file.close()
    }
}
