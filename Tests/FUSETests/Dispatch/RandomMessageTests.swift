import SystemPackage
import Testing

@testable import FUSE

/// No message crashes the service, and no request waits for a reply for ever.
@Suite("Random messages")
struct RandomMessageTests {
    private static let count = 100_000

    @Test("100,000 messages of random bytes", arguments: [1, 2] as [UInt64])
    func randomBytes(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let served = try ServedConnection.agreed(ScriptedFileSystem(), maximumTransfer: 4096)
        var wrong = 0
        for _ in 0..<Self.count / 2 {
            var message = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            // Mostly existing opcodes; fitting lengths in half of the messages.
            if message.count >= 8, Int.random(in: 0..<8, using: &random) != 0 {
                message.replaceSubrange(
                    4..<8, with: [UInt8.random(in: 0...54, using: &random), 0, 0, 0])
            }
            if message.count >= 4, Bool.random(using: &random) {
                message.replaceSubrange(0..<4, with: [UInt8(message.count), 0, 0, 0])
            }
            if !isRight(served, message) { wrong += 1 }
        }
        #expect(wrong == 0)
    }

    @Test("100,000 valid messages with a few bytes changed", arguments: [3, 4] as [UInt64])
    func changedBytes(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let served = try ServedConnection.agreed(
            ScriptedFileSystem(features: [.extendedSetAttribute]), maximumTransfer: 4096)
        let valid = Opcode.allCases.map { RequestMessage.valid($0).finished() }
        var wrong = 0
        for _ in 0..<Self.count / 2 {
            var message = valid[Int.random(in: 0..<valid.count, using: &random)]
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                // Not the length, which the session would check first.
                let place = Int.random(in: 4..<message.count, using: &random)
                message[place] =
                    [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &random)][
                        Int.random(in: 0..<6, using: &random)]
            }
            if !isRight(served, message) { wrong += 1 }
        }
        #expect(wrong == 0)
    }

    /// Whether the request got one acceptable reply with its number, or none if it needs none.
    private func isRight(_ served: ServedConnection, _ message: [UInt8]) -> Bool {
        let replies = served.replies(to: message)
        guard message.count >= 40 else { return replies.isEmpty }
        let request = ReplyMessage(bytes: message)
        if let opcode = Opcode(rawValue: request.u32(4)), !opcode.hasReply {
            return replies.isEmpty
        }
        return replies.count == 1 && replies[0].isAcceptable
            && replies[0].unique == request.u64(8)
    }
}
