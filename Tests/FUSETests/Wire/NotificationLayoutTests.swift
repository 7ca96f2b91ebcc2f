import SystemPackage
import Testing

@testable import FUSE

/// Notifications: number 0, and their code in the place of an error.
@Suite("Layout of notifications")
struct NotificationLayoutTests {
    private let channel = MemoryChannel()

    private func sent(_ code: UInt32, length: Int) throws -> ReplyMessage {
        let messages = channel.takeReplies()
        let message = try #require(messages.first)
        #expect(messages.count == 1)
        try #require(message.bytes.count == length)
        #expect(message.length == UInt32(length))
        #expect(message.u32(4) == code)
        #expect(message.unique == 0)
        return message
    }

    @Test("FUSE_NOTIFY_INVAL_INODE")
    func node() throws {
        try Notifier(channel).invalidate(node: NodeID(1 << 40), offset: -1, length: 1 << 50)
        let message = try sent(2, length: 16 + 24)
        #expect(message.u64(16) == 1 << 40)
        #expect(message.u64(24) == .max)
        #expect(message.u64(32) == 1 << 50)
    }

    @Test("FUSE_NOTIFY_INVAL_ENTRY", arguments: [false, true])
    func name(_ expireOnly: Bool) throws {
        try Notifier(channel).invalidate(
            name: Array("name".utf8), in: NodeID(1 << 40), expireOnly: expireOnly)
        let message = try sent(3, length: 16 + 16 + 5)
        #expect(message.u64(16) == 1 << 40)
        #expect(message.u32(24) == 4)
        #expect(message.u32(28) == (expireOnly ? 1 : 0))
        #expect(Array(message.bytes[32...]) == Array("name".utf8) + [0])
    }

    @Test("FUSE_NOTIFY_DELETE")
    func deleted() throws {
        try Notifier(channel).deleted(
            name: Array("name".utf8), of: NodeID(1 << 41), in: NodeID(1 << 40))
        let message = try sent(6, length: 16 + 24 + 5)
        #expect(message.u64(16) == 1 << 40)
        #expect(message.u64(24) == 1 << 41)
        #expect(message.u32(32) == 4)
        #expect(message.u32(36) == 0)
        #expect(Array(message.bytes[40...]) == Array("name".utf8) + [0])
    }

    @Test("FUSE_NOTIFY_PRUNE")
    func prune() throws {
        try Notifier(channel).prune([NodeID(1 << 40), NodeID(7)])
        let message = try sent(9, length: 16 + 16 + 16)
        #expect(message.u32(16) == 2 && message.u32(20) == 0 && message.u64(24) == 0)
        #expect(message.u64(32) == 1 << 40 && message.u64(40) == 7)
    }

    @Test("FUSE_NOTIFY_RESEND and FUSE_NOTIFY_INC_EPOCH are a header alone")
    func headers() throws {
        try Notifier(channel).resendUnanswered()
        _ = try sent(7, length: 16)
        try Notifier(channel).invalidateAllNames()
        _ = try sent(8, length: 16)
    }

    @Test("what the kernel says is thrown")
    func refused() throws {
        channel.refuse(with: .noSuchFileOrDirectory)
        #expect(throws: Errno.noSuchFileOrDirectory) {
            try Notifier(channel).invalidate(node: 7)
        }
    }
}
