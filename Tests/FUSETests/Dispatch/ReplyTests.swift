import Foundation
import SystemPackage
import Testing

@testable import FUSE

/// How a service uses replies, and what happens to replies that the kernel refuses.
@Suite("Replies")
struct ReplyTests {
    @Test(
        "numbers that the kernel does not take as errors become EIO", arguments: [-5, 0, 512, 4095])
    func strangeErrors(_ number: Int32) throws {
        let served = try ServedConnection.agreed(
            ScriptedFileSystem(.fail(Errno(rawValue: number))))
        let reply = try #require(served.replies(to: RequestMessage.valid(.flush)).first)
        #expect(reply.errno == Errno.ioError.rawValue)
    }

    @Test("a reply that the kernel does not understand is followed by EIO")
    func notUnderstood() throws {
        let served = try ServedConnection.agreed(ScriptedFileSystem())
        served.channel.refuse(with: .invalidArgument)
        let replies = served.replies(to: RequestMessage.valid(.lookup))
        #expect(replies.map(\.errno) == [Errno.ioError.rawValue])
        #expect(replies.map(\.unique) == [77])
    }

    @Test("a reply that comes too late is not sent again")
    func tooLate() throws {
        let served = try ServedConnection.agreed(ScriptedFileSystem())
        served.channel.refuse(with: .noSuchFileOrDirectory)
        #expect(served.replies(to: RequestMessage.valid(.lookup)).isEmpty)
    }

    /// The kernel did not take a reply that came late, or that EIO replaced.
    @Test(
        "the service learns whether its reply was taken",
        arguments: [nil, .noSuchFileOrDirectory, .invalidArgument] as [Errno?])
    func taken(_ refusal: Errno?) throws {
        let service = AttentiveFileSystem()
        let served = try ServedConnection.agreed(service)
        for opcode in [Opcode.lookup, .open, .create, .readDirectory] {
            if let refusal { served.channel.refuse(with: refusal) }
            let replies = served.replies(to: RequestMessage.valid(opcode))
            switch refusal {
            case nil: #expect(replies.map(\.errno) == [0])
            case .invalidArgument?: #expect(replies.map(\.errno) == [Errno.ioError.rawValue])
            default: #expect(replies.isEmpty)
            }
        }
        #expect(service.outcomes == [Bool](repeating: refusal == nil, count: 4))
    }

    @Test("a reply that was kept is used later, on another thread")
    func kept() async throws {
        let service = PatientFileSystem()
        let served = try ServedConnection.agreed(service)
        #expect(served.replies(to: RequestMessage.valid(.waitForLock, unique: 5)).isEmpty)
        #expect(served.replies(to: RequestMessage.valid(.waitForLock, unique: 6)).isEmpty)
        await Task.detached { service.succeedOne() }.value
        #expect(served.channel.takeReplies().map(\.unique) == [5])
        service.dropAll()
        let replies = served.channel.takeReplies()
        #expect(replies.map(\.unique) == [6])
        #expect(replies.map(\.errno) == [Errno.ioError.rawValue])
    }

    @Test("a READ larger than the buffer is refused, not cut")
    func largeRead() throws {
        let service = ScriptedFileSystem()
        let served = try ServedConnection.agreed(service, maximumTransfer: 8192)
        for (size, errno) in [(8192, 0), (8193, 5), (UInt32.max, 5)] as [(UInt32, Int32)] {
            let message = RequestMessage(.read).u64(1).u64(0).u32(size).zeros(20)
            let reply = try #require(served.replies(to: message).first)
            #expect(reply.errno == errno)
            #expect(reply.bytes.count == (errno == 0 ? 16 + 8192 : 16))
        }
        #expect(service.takeLog().count == 1)
    }

    @Test(
        "a WRITE whose size is not that of its data is refused",
        arguments: [0, 4, 6, .max] as [UInt32])
    func wrongWriteSize(_ size: UInt32) throws {
        let service = ScriptedFileSystem()
        let served = try ServedConnection.agreed(service)
        let message = RequestMessage(.write).u64(9).u64(0).u32(size).zeros(20).raw("Hello".utf8)
        #expect(served.replies(to: message).map(\.errno) == [Errno.ioError.rawValue])
        #expect(service.takeLog().isEmpty)
    }

    @Test(
        "names that are none do not reach the service",
        arguments: ["", ".", "..", "a/b", "/"],
        [
            Opcode.lookup, .unlink, .removeDirectory, .makeNode, .makeDirectory, .create,
            .symbolicLink, .link, .rename, .renameWithFlags,
        ])
    func badNames(_ name: String, _ opcode: Opcode) throws {
        let service = ScriptedFileSystem()
        let served = try ServedConnection.agreed(service)
        let valid = RequestMessage.valid(opcode).bytes
        // The first NUL behind the fixed part ends the name; the test inserts one.
        let start = try #require(
            valid.firstRange(of: Array("name".utf8))?.lowerBound
                ?? valid.firstRange(of: Array("old".utf8))?.lowerBound)
        let end = try #require(valid[start...].firstIndex(of: 0))
        var bytes = valid
        bytes.replaceSubrange(start..<end, with: Array(name.utf8))
        bytes.replaceSubrange(0..<4, with: [UInt8(bytes.count), 0, 0, 0])
        #expect(served.replies(to: bytes).map(\.errno) == [Errno.ioError.rawValue])
        #expect(service.takeLog().isEmpty)
    }

    @Test("an extended attribute larger than the caller's room is ERANGE, and its size is told")
    func attributeRoom() throws {
        let served = try ServedConnection.agreed(ScriptedFileSystem())
        for (room, errno, length) in [(0, 0, 24), (15, 34, 16), (16, 0, 32), (64, 0, 32)] {
            let message = RequestMessage(.getExtendedAttribute).u32(UInt32(room)).u32(0)
                .text("user.name")
            let reply = try #require(served.replies(to: message).first)
            #expect(reply.errno == Int32(errno))
            #expect(reply.bytes.count == length)
            if room == 0 { #expect(reply.u32(16) == 16) }
        }
    }

    @Test("a control's output is cut to the caller's room")
    func controlRoom() throws {
        let served = try ServedConnection.agreed(ScriptedFileSystem())
        let message = RequestMessage(.control).u64(9).u32(0).u32(1).u64(0).u32(4).u32(3)
            .raw([1, 2, 3, 4])
        let reply = try #require(served.replies(to: message).first)
        #expect(reply.bytes.count == 16 + 16 + 3)
    }
}

/// Notes the results of its replies.
private final class AttentiveFileSystem: FileSystem, @unchecked Sendable {
    let features: InitFlags = []
    var outcomes: [Bool] = []

    func lookup(_ request: borrowing NameRequest, _ reply: consuming EntryReply) {
        outcomes.append(reply.succeed(ScriptedFileSystem.entry))
    }

    func open(_ request: OpenRequest, _ reply: consuming OpenReply) {
        outcomes.append(reply.succeed(handle: 1))
    }

    func create(_ request: borrowing CreateRequest, _ reply: consuming CreateReply) {
        outcomes.append(reply.succeed(ScriptedFileSystem.entry, handle: 1))
    }

    func readDirectory(_ request: ReadRequest, _ reply: consuming DirectoryReply) {
        let name = Array("name".utf8)
        _ = reply.append(name: name.span, inode: 1, kind: 8, position: 1)
        outcomes.append(reply.succeed())
    }
}

/// Keeps the replies of locks whose requests wait.
private final class PatientFileSystem: FileSystem, @unchecked Sendable {
    let features: InitFlags = []
    private let lock = NSLock()
    private var first: EmptyReply?
    private var second: EmptyReply?

    func waitForLock(_ request: LockRequest, _ reply: consuming EmptyReply) {
        lock.lock()
        defer { lock.unlock() }
        if request.context.unique == 5 { first = consume reply } else { second = consume reply }
    }

    func succeedOne() {
        lock.lock()
        defer { lock.unlock() }
        first.take()?.succeed()
    }

    func dropAll() {
        lock.lock()
        defer { lock.unlock() }
        _ = second.take()
    }
}
