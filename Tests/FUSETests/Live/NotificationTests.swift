import Glibc
import SystemPackage
import Testing

@testable import FUSE

/// The kernel's reaction to notifications. Names and attributes are valid for an hour.
@Suite("Notifications", .enabled(if: Kernel.canMount, "\(Kernel.whyNoMount)"), .serialized)
struct NotificationTests {
    private func service() throws -> TinyService {
        try TinyService("--validity", "3600")
    }

    private static let unknown = "errno \(Errno.noSuchFileOrDirectory.rawValue)"

    @Test("a changed file is seen when the kernel was told", .timeLimit(.minutes(10)))
    func data() throws {
        let service = try service()
        let path = service.path("greeting")
        #expect(try Client.text(path) == "Hello.\n")
        try service.tell("greet World!!")
        #expect(try Client.text(path) == "Hello.\n")
        try service.tell("forget-data 2")
        #expect(try Client.text(path) == "World!!")
    }

    @Test("attributes alone can be forgotten", .timeLimit(.minutes(10)))
    func attributes() throws {
        let service = try service()
        let path = service.path("greeting")
        #expect(try Client.status(path).st_size == 7)
        try service.tell("greet longer than before")
        #expect(try Client.status(path).st_size == 7)
        try service.tell("forget-attributes 2")
        #expect(try Client.status(path).st_size == 18)
    }

    @Test("what the kernel does not know is ENOENT", .timeLimit(.minutes(10)))
    func unknown() throws {
        let service = try service()
        #expect(try service.say("forget-data 99") == Self.unknown)
        #expect(try service.say("forget-name greeting") == Self.unknown)
        #expect(try service.say("deleted greeting") == Self.unknown)
    }

    @Test(
        "a forgotten name is looked up again",
        arguments: ["forget-name greeting", "expire-name greeting", "deleted greeting"])
    func names(_ command: String) throws {
        let service = try service()
        let path = service.path("greeting")
        _ = try Client.status(path)
        let before = try service.count("lookup")
        _ = try Client.status(path)
        #expect(try service.count("lookup") == before)
        try service.tell(command)
        _ = try Client.status(path)
        #expect(try service.count("lookup") == before + 1)
    }

    @Test(
        "all names can be forgotten at once",
        .enabled(if: Kernel.isAtLeast(6, 16), "FUSE_NOTIFY_INC_EPOCH came with Linux 6.16"),
        .timeLimit(.minutes(10)))
    func epoch() throws {
        let service = try service()
        for name in ["greeting", "pattern"] { _ = try Client.status(service.path(name)) }
        let before = try service.count("lookup")
        try service.tell("forget-all")
        for name in ["greeting", "pattern"] { _ = try Client.status(service.path(name)) }
        #expect(try service.count("lookup") == before + 2)
    }

    @Test(
        "unanswered requests can be had again, and one answer is enough",
        .enabled(if: Kernel.isAtLeast(6, 9), "FUSE_NOTIFY_RESEND came with Linux 6.9"),
        .timeLimit(.minutes(10)))
    func resend() throws {
        // The kernel does not send again the requests in its queues.
        let service = try TinyService("--validity", "3600", "--transport", "device")
        let reader = Client.Call { [path = service.path("slow")] in
            try Client.content(path, limit: 512)
        }
        #expect(try eventually { try service.count("waiting") == 1 })
        try service.tell("resend")
        #expect(try eventually { try service.count("waiting") == 2 })
        try service.tell("open")
        #expect(try reader.value().count == 512)
    }
}
