import FUSE
import Foundation
import SystemPackage

/// A channel with the test at the other end: it keeps the replies.
final class MemoryChannel: Channel, @unchecked Sendable {
    private let lock = NSLock()
    private var sent: [[UInt8]] = []
    private var refusals: [Errno] = []
    private var requests: [[UInt8]] = []

    /// Refuses the next replies with these errors, one each.
    func refuse(with errors: Errno...) {
        lock.withLock { refusals = errors }
    }

    func push(_ request: [UInt8]) {
        lock.withLock { requests.append(request) }
    }

    /// The replies since the last call.
    func takeReplies() -> [ReplyMessage] {
        lock.withLock {
            defer { sent = [] }
            return sent.map(ReplyMessage.init)
        }
    }

    func receive(into message: inout MutableSpan<UInt8>) throws(Errno) -> Int {
        let request = lock.withLock { requests.isEmpty ? nil : requests.removeFirst() }
        guard let request else { throw .noDevice }
        for index in request.indices { message[index] = request[index] }
        return request.count
    }

    func send(_ message: Span<UInt8>) throws(Errno) {
        let refusal = lock.withLock { refusals.isEmpty ? nil : refusals.removeFirst() }
        if let refusal { throw refusal }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(message.count)
        for index in message.indices { bytes.append(message[index]) }
        lock.withLock { sent.append(bytes) }
    }
}

extension Errno {
    static var noDevice: Errno { Errno(rawValue: 19) }
}
