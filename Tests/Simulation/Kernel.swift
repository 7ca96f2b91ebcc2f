import FUSE
import TestMessages

@testable import FUSE

/// The kernel's side of one client's requests: messages to the service, and its answers.
final class Kernel {
    static let capacity = 65536

    struct Answer {
        /// 0: it succeeded.
        let errno: Int32
        let body: [UInt8]
    }

    private let input: TransferBuffer
    private let output: TransferBuffer
    private let outbox = Outbox()
    private let fail: (String) -> Never
    /// Gets each message and its answer.
    private let tell: (String) -> Void

    init(tell: @escaping (String) -> Void, fail: @escaping (String) -> Never) throws {
        input = try TransferBuffer(capacity: Self.capacity)
        output = try TransferBuffer(capacity: Self.capacity)
        self.fail = fail
        self.tell = tell
    }

    /// Sends a request and waits for its answer.
    func ask(_ life: Life, _ opcode: Opcode, _ node: UInt64, _ body: [UInt8] = []) -> Answer {
        life.unique += 2
        let first = [UInt32(RequestHeader.size + body.count), opcode.rawValue]
        // Root, who may pause the volume; process 77.
        let caller = [UInt32(0), 0, 77, 0]
        let message =
            first.flatMap(\.littleEndianBytes) + life.unique.littleEndianBytes
            + node.littleEndianBytes + caller.flatMap(\.littleEndianBytes) + body
        input.withMutableMessage(header: Connection.requestRoom) { memory in
            for index in message.indices { memory[index] = message[index] }
        }
        tell("> \(opcode) of node \(node)")
        life.connection.process(message.count, in: input, output: output, from: outbox)
        let answers = outbox.take()
        guard opcode.hasReply else {
            guard answers.isEmpty else { fail("\(opcode) has an answer") }
            return Answer(errno: 0, body: [])
        }
        guard answers.count == 1, let answer = answers.first else {
            fail("\(opcode) has \(answers.count) answers")
        }
        let errno = -Int32(bitPattern: answer.word(4))
        guard answer.count >= 16, answer.count == Int(answer.word(0)),
            answer.long(8) == message.long(8), (0...4095).contains(errno),
            errno == 0 || answer.count == 16
        else { fail("the answer to \(opcode) is no answer: \(answer.prefix(16))") }
        tell("< \(opcode) of node \(node): errno \(errno), \(answer.dropFirst(16).prefix(8))")
        return Answer(errno: errno, body: Array(answer.dropFirst(16)))
    }

    /// Protocol 7.45 with all that a kernel could offer.
    func negotiate(_ life: Life) {
        let offer: [UInt32] = [7, 45, 131072, 0x73FF_FFFB, 0x7FD] + Array(repeating: 0, count: 11)
        let answer = ask(life, .initialize, 0, offer.flatMap(\.littleEndianBytes))
        guard answer.errno == 0 else { fail("INIT fails with \(answer.errno)") }
    }
}

/// The bodies of requests (linux/fuse.h).
enum Body {
    static func name(_ name: String) -> [UInt8] { Array(name.utf8) + [0] }

    static func words(_ words: UInt32...) -> [UInt8] { words.flatMap(\.littleEndianBytes) }
    static func longs(_ longs: UInt64...) -> [UInt8] { longs.flatMap(\.littleEndianBytes) }

    static func read(_ handle: UInt64, _ offset: Int, _ length: Int, flags: UInt32) -> [UInt8] {
        // FUSE_READ_LOCKOWNER: a program waits for the bytes itself.
        longs(handle, UInt64(offset)) + words(UInt32(length), flags & direct != 0 ? 2 : 0)
            + longs(0) + words(flags, 0)
    }

    static func write(_ handle: UInt64, _ offset: Int, _ data: [UInt8], flags: UInt32) -> [UInt8] {
        longs(handle, UInt64(offset)) + words(UInt32(data.count), 0) + longs(0) + words(flags, 0)
            + data
    }

    /// SETATTR of a size, through a handle or by the node.
    static func size(_ size: Int, handle: UInt64?) -> [UInt8] {
        words(handle == nil ? 8 : 8 | 64, 0) + longs(handle ?? 0, UInt64(size), 0, 0, 0, 0)
            + words(0, 0, 0, 0, 0, 0, 0, 0)
    }

    static let direct: UInt32 = 0o40000
}
