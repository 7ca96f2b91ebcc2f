internal import Locks
package import SystemPackage

/// Tells the observer of a session, and for that keeps the requests that have no answer yet.
///
/// Any thread. Lock order: its lock is a leaf; the observer is called outside of it.
package final class RequestLedger: Sendable {
    private struct Open {
        let opcode: UInt32
        let node: NodeID
        let size: Int
        let arrival: ContinuousClock.Instant
    }

    private struct State {
        var requests: [RequestID: Open] = [:]
        var hasEnded = false
        var refusedThreads: UInt64 = 0
    }

    private let observer: any SessionObserver
    private let keepsRequests: Bool
    private let state = Monitor(State())

    init(_ observer: any SessionObserver) {
        self.observer = observer
        keepsRequests = observer.wantsRequests
    }

    // MARK: The session

    package func ended(_ error: Errno) {
        let isFirst = state.withLock { state in
            defer { state.hasEnded = true }
            return !state.hasEnded
        }
        if isFirst { observer.saw(.ended(error)) }
    }

    func threadRefused(_ error: Errno) {
        let count = state.withLock { state in
            state.refusedThreads += 1
            return state.refusedThreads
        }
        if count.nonzeroBitCount == 1 { observer.saw(.threadRefused(error)) }
    }

    // MARK: Requests

    /// A message came from the kernel.
    package func came(_ message: Span<UInt8>) {
        if keepsRequests { begin(message) }
    }

    /// A reply was handed to the kernel, which refused it with `error`.
    package func replied(_ message: Span<UInt8>, _ error: Errno?) {
        if keepsRequests || error == .invalidArgument { end(message, error) }
    }

    private func begin(_ message: Span<UInt8>) {
        let now = ContinuousClock.now
        var reader = MessageReader(message)
        guard let header = try? RequestHeader(&reader) else { return }
        let open = Open(
            opcode: header.opcode, node: header.node, size: Self.size(of: header, &reader),
            arrival: now)
        if !header.traits.contains(.hasReply) {
            return tell(header.unique, open, .noted)
        }
        state.withLock { $0.requests[header.unique] = open }
    }

    private static func size(of header: RequestHeader, _ reader: inout MessageReader) -> Int {
        guard header.traits.contains(.tellsSize) else {
            return max(0, Int(header.length) - RequestHeader.size)
        }
        guard (try? reader.skip(16)) != nil, let size = try? reader.u32() else { return 0 }
        return Int(size)
    }

    private func end(_ message: Span<UInt8>, _ refusal: Errno?) {
        var reader = MessageReader(message)
        guard let length = try? reader.u32(), let negative = try? reader.u32(),
            let number = try? reader.u64(), number != 0
        else { return }
        let unique = RequestID(number)
        if refusal == .invalidArgument {
            observer.saw(.replyRefused(unique: unique))
            // It is answered once more.
            if length > ReplyTicket.headerSize { return }
        }
        guard keepsRequests, let open = state.withLock({ $0.requests.removeValue(forKey: unique) })
        else { return }
        let error = Errno(rawValue: -Int32(bitPattern: negative))
        let outcome: CarriedRequest.Outcome =
            if refusal != nil {
                .answeredLate
            } else if error.rawValue != 0 {
                .failed(error)
            } else {
                .answered(bytes: Int(length) - ReplyTicket.headerSize)
            }
        tell(unique, open, outcome)
    }

    private func tell(_ unique: RequestID, _ open: Open, _ outcome: CarriedRequest.Outcome) {
        observer.saw(
            .request(
                CarriedRequest(
                    unique: unique, operation: Opcode.kernelName(of: open.opcode), node: open.node,
                    size: open.size, outcome: outcome,
                    duration: ContinuousClock.now - open.arrival)))
    }
}
