internal import LinuxKit
internal import Locks
internal import SystemPackage

/// Replies that a process that died had ready, and that the kernel did not get: it sends their
/// requests again.
///
/// Any thread. Lock order: a leaf.
final class RecalledReplies: Sendable {
    /// By the requests' numbers.
    private let replies: Monitor<[UInt64: [UInt8]]>

    /// - Parameter table: of the process that died; nil: none did.
    init(_ table: RecoveryTable?) {
        var all: [UInt64: [UInt8]] = [:]
        for request in table?.requests ?? [] {
            guard let reply = request.reply, reply.count >= ReplyTicket.headerSize else { continue }
            all[request.unique] = reply
        }
        replies = Monitor(all)
    }

    /// Answers a request that came again, if its reply was ready; false if it has to be carried.
    func answer(
        _ unique: RequestID, _ channel: any ReplyChannel, _ record: RecoveryTable
    ) -> Bool {
        guard unique.cameAgain,
            var reply = replies.withLock({ $0.removeValue(forKey: unique.original) })
        else { return false }
        for byte in 0..<8 {
            reply[8 + byte] = UInt8(truncatingIfNeeded: unique.rawValue >> UInt64(8 * byte))
        }
        try? channel.send(reply.span)
        record.over(unique.rawValue)
        return true
    }
}

extension RequestID {
    /// `FUSE_UNIQUE_RESEND`.
    private static let again: UInt64 = 1 << 63

    /// The kernel sent the request before, to a process that has not answered it.
    package var cameAgain: Bool { rawValue & Self.again != 0 }
    /// The number by which it came first.
    package var original: UInt64 { rawValue & ~Self.again }
}
