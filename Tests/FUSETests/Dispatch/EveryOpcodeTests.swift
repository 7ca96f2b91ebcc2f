import SystemPackage
import Testing

@testable import FUSE

/// Rules that hold for every request.
@Suite("Every opcode")
struct EveryOpcodeTests {
    /// Opcodes that the library answers itself or does not support: the service does not see them.
    private static let ownAnswers: [Opcode] = [
        .initialize, .destroy, .mapBlock, .poll, .setUpMapping, .removeMapping,
    ]
    private static let answered = Opcode.allCases.filter(\.hasReply)
    private static let unanswered = Opcode.allCases.filter { !$0.hasReply }
    private static let asked = answered.filter { !ownAnswers.contains($0) }

    /// The one reply to a message, which must be as the kernel demands.
    private func onlyReply(
        _ served: ServedConnection, _ message: [UInt8], _ unique: UInt64 = 77
    ) throws -> ReplyMessage {
        let replies = served.replies(to: message)
        let reply = try #require(replies.first)
        #expect(replies.count == 1)
        #expect(reply.isAcceptable)
        #expect(reply.unique == unique)
        return reply
    }

    @Test("a valid request reaches the service and gets one reply", arguments: asked)
    func success(_ opcode: Opcode) throws {
        let service = ScriptedFileSystem(.succeed)
        let served = try ServedConnection.agreed(service)
        let reply = try onlyReply(
            served, RequestMessage.valid(opcode, unique: 1 << 40).finished(), 1 << 40)
        #expect(reply.errno == 0)
        #expect(service.takeLog().count == 1)
    }

    @Test("a service's error is the reply", arguments: asked)
    func failure(_ opcode: Opcode) throws {
        let served = try ServedConnection.agreed(ScriptedFileSystem(.fail(.permissionDenied)))
        let reply = try onlyReply(served, RequestMessage.valid(opcode).finished())
        #expect(reply.errno == Errno.permissionDenied.rawValue)
        #expect(reply.bytes.count == 16)
    }

    @Test("a reply that nobody uses is EIO", arguments: asked)
    func drop(_ opcode: Opcode) throws {
        let served = try ServedConnection.agreed(ScriptedFileSystem(.drop))
        let reply = try onlyReply(served, RequestMessage.valid(opcode).finished())
        #expect(reply.errno == Errno.ioError.rawValue)
    }

    @Test("what a service does not implement is ENOSYS", arguments: asked)
    func unimplemented(_ opcode: Opcode) throws {
        let served = try ServedConnection.agreed(EmptyFileSystem())
        let reply = try onlyReply(served, RequestMessage.valid(opcode).finished())
        #expect(reply.errno == Errno.noFunction.rawValue)
    }

    @Test(
        "what the library does not support is ENOSYS",
        arguments: [Opcode.mapBlock, .poll, .setUpMapping, .removeMapping])
    func unsupported(_ opcode: Opcode) throws {
        let service = ScriptedFileSystem()
        let served = try ServedConnection.agreed(service)
        let reply = try onlyReply(served, RequestMessage.valid(opcode).finished())
        #expect(reply.errno == Errno.noFunction.rawValue)
        #expect(service.takeLog().isEmpty)
    }

    @Test("requests without a reply get none", arguments: unanswered)
    func silence(_ opcode: Opcode) throws {
        let service = ScriptedFileSystem()
        let served = try ServedConnection.agreed(service)
        let message = RequestMessage.valid(opcode).finished()
        #expect(served.replies(to: message).isEmpty)
        #expect(service.takeLog().isEmpty == (opcode == .notifyReply))
        for count in message.indices {
            #expect(served.replies(to: Array(message.prefix(count))).isEmpty)
        }
    }

    @Test(
        "a request cut anywhere gets one reply, and none where even the header is cut",
        arguments: answered)
    func truncation(_ opcode: Opcode) throws {
        let served = try ServedConnection.agreed(ScriptedFileSystem())
        let message = RequestMessage.valid(opcode)
        for count in 0..<message.bytes.count {
            let cut = message.truncated(to: count)
            guard count >= 40 else {
                #expect(served.replies(to: cut).isEmpty)
                continue
            }
            _ = try onlyReply(served, cut)
        }
    }

    @Test("a request shorter or longer than its header says is EIO", arguments: answered)
    func wrongLength(_ opcode: Opcode) throws {
        let service = ScriptedFileSystem()
        let served = try ServedConnection.agreed(service)
        let message = RequestMessage.valid(opcode)
        let count = UInt32(message.bytes.count)
        for length in [0, 1, 39, 40, count - 1, count + 1, 1 << 20, .max] where length != count {
            let reply = try onlyReply(served, message.withLength(length).bytes)
            #expect(reply.errno == Errno.ioError.rawValue)
        }
        #expect(service.takeLog().isEmpty)
    }

    @Test("before INIT nothing else is served", arguments: asked)
    func beforeInit(_ opcode: Opcode) throws {
        let service = ScriptedFileSystem()
        let served = try ServedConnection(service)
        let reply = try onlyReply(served, RequestMessage.valid(opcode).finished())
        #expect(reply.errno == Errno.ioError.rawValue)
        #expect(service.takeLog().isEmpty)
    }

    @Test(
        "opcodes that nobody knows are ENOSYS", arguments: [0, 7, 19, 54, 4096, .max] as [UInt32])
    func unknown(_ opcode: UInt32) throws {
        let served = try ServedConnection.agreed(ScriptedFileSystem())
        let reply = try onlyReply(served, RequestMessage(opcode).zeros(64).finished())
        #expect(reply.errno == Errno.noFunction.rawValue)
    }

    @Test("DESTROY is passed on and answered")
    func destroy() throws {
        let service = ScriptedFileSystem()
        let served = try ServedConnection.agreed(service)
        #expect(try onlyReply(served, RequestMessage.valid(.destroy).finished()).errno == 0)
        #expect(service.takeLog() == ["destroy"])
    }

    @Test("requests that come through a channel are served from it one by one")
    func throughChannel() throws {
        let served = try ServedConnection.agreed(ScriptedFileSystem())
        for unique in 1...3 {
            served.channel.push(
                RequestMessage.valid(.lookup, unique: UInt64(unique)).finished())
        }
        for unique in 1...3 {
            let length = try served.input.withMutableMessage(header: Connection.requestRoom) {
                try served.channel.receive(into: &$0)
            }
            served.connection.process(
                length, in: served.input, output: served.output, from: served.channel)
            #expect(served.channel.takeReplies().map(\.unique) == [UInt64(unique)])
        }
    }
}

/// Implements nothing.
private final class EmptyFileSystem: FileSystem {
    let features: InitFlags = []
}
