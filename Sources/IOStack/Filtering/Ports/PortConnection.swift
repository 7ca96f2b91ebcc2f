public import BypassIOProtocol
import DequeModule
import Dispatch

/// A connection between a filter and a program, as both sides use it.
///
/// The filter sends and asks; the program takes messages one by one, replies, and sends messages of
/// its own. Either side ends it. Whoever waits for the other learns of the end at once.
///
/// Usable from any thread. Lock order: `state` is a leaf; no callback runs under it.
public final class PortConnection: Sendable {
    /// A message of the filter.
    public struct Message: Sendable, Equatable {
        /// What a reply names; nil: none is wanted.
        public var number: UInt64?
        public var bytes: [UInt8]
    }

    /// Gets the reply, or why there is none: `NTStatus.timeout`, `NTStatus.portDisconnected` or
    /// `NTStatus.cancelled`. Once, on any thread; it must not wait.
    public typealias Reply = @Sendable (Result<[UInt8], NTStatus>) -> Void

    private enum Stage {
        /// The filter is being asked whether it takes the connection.
        case connecting
        case connected
        case over
    }

    private struct State {
        var stage = Stage.connecting
        var queue: Deque<Message> = []
        var queuedBytes = 0
        var replies: [UInt64: Reply] = [:]
        var last: UInt64 = 0
    }

    public let client: PortClient
    public let port: CommunicationPort
    private let state = Guarded(State())
    /// Raised for each message, and at the end.
    private let news = DispatchSemaphore(value: 0)

    init(_ port: CommunicationPort, _ client: PortClient) {
        self.port = port
        self.client = client
    }

    /// False before the filter has agreed, and after the end.
    public var isConnected: Bool { state.withLock { $0.stage == .connected } }

    /// Messages that the program has not taken yet.
    public var queued: Int { state.withLock { $0.queue.count } }

    // MARK: The filter's side

    /// Sends a message that wants no reply (`FltSendMessage`). Waits for nobody.
    ///
    /// - Throws: `NTStatus.portDisconnected`, `NTStatus.portMessageTooLong`, and
    ///   `NTStatus.insufficientResources` for a program that does not take its messages.
    public func send(_ message: [UInt8]) throws(NTStatus) {
        _ = try enqueue(message, nil)
    }

    /// Sends a message, and hands the reply on when it comes. Waits for nobody: for a filter that
    /// pends the request meanwhile.
    ///
    /// - Parameters:
    ///   - message: at most ``CommunicationPort/Limits/message`` bytes.
    ///   - time: for which the reply is waited for, from now on.
    ///   - reply: is called once, unless this throws.
    /// - Throws: as ``send(_:)``.
    public func ask(
        _ message: [UInt8], within time: Duration, _ reply: @escaping Reply
    ) throws(NTStatus) {
        try expire(enqueue(message, reply), after: time)
    }

    /// The same, and waits for the reply. The calling thread waits, and what it holds with it; if
    /// it carries a request of a program that is interrupted, the wait ends with
    /// `NTStatus.cancelled`.
    ///
    /// - Parameters:
    ///   - message: at most ``CommunicationPort/Limits/message`` bytes.
    ///   - time: for which the reply is waited for.
    /// - Throws: as ``send(_:)``, and what ``Reply`` names.
    public func ask(_ message: [UInt8], within time: Duration) throws(NTStatus) -> [UInt8] {
        let answer = Answer()
        let number = try enqueue(message) { answer.settle($0) }
        expire(number, after: time)
        RequestWait.observer?.begins { [weak self] in
            self?.settle(number, .failure(.cancelled))
            return false
        }
        defer { RequestWait.observer?.ends() }
        return try answer.wait().get()
    }

    /// Ends the connection, from either side (`FltCloseClientPort`). The filter hears of it, once.
    public func disconnect() { end() }

    private func enqueue(_ message: [UInt8], _ reply: Reply?) throws(NTStatus) -> UInt64 {
        let limits = port.limits
        guard message.count <= limits.message else { throw .portMessageTooLong }
        let number = try state.withLock { state throws(NTStatus) in
            guard state.stage != .over else { throw .portDisconnected }
            guard state.queue.count < limits.queued, state.replies.count < limits.queued,
                state.queuedBytes + message.count <= limits.queuedBytes
            else { throw .insufficientResources }
            state.last += 1
            let number = reply == nil ? nil : state.last
            if let reply { state.replies[state.last] = reply }
            state.queue.append(Message(number: number, bytes: message))
            state.queuedBytes += message.count
            return state.last
        }
        news.signal()
        port.sent()
        return number
    }

    private func expire(_ number: UInt64, after time: Duration) {
        PortClock.after(time) { [weak self] in self?.settle(number, .failure(.timeout)) }
    }

    /// Whether somebody waited for it.
    @discardableResult
    private func settle(_ number: UInt64, _ result: Result<[UInt8], NTStatus>) -> Bool {
        let reply = state.withLock { state -> Reply? in
            guard let reply = state.replies.removeValue(forKey: number) else { return nil }
            // What nobody waits for any more need not be taken.
            if case .failure = result,
                let place = state.queue.firstIndex(where: { $0.number == number })
            {
                state.queuedBytes -= state.queue.remove(at: place).bytes.count
            }
            return reply
        }
        reply?(result)
        return reply != nil
    }

    // MARK: The program's side

    /// Takes the filter's next message, and waits for it (`FilterGetMessage`); nil at the end. For
    /// one thread at a time.
    public func nextMessage() -> Message? {
        while true {
            news.wait()
            let (message, isOver) = state.withLock { state -> (Message?, Bool) in
                guard state.stage != .over else { return (nil, true) }
                guard let message = state.queue.popFirst() else { return (nil, false) }
                state.queuedBytes -= message.bytes.count
                return (message, false)
            }
            if let message { return message }
            guard isOver else { continue }
            news.signal()
            return nil
        }
    }

    /// Replies to a message of the filter (`FilterReplyMessage`).
    ///
    /// - Parameters:
    ///   - number: the message's.
    ///   - bytes: at most ``CommunicationPort/Limits/message``.
    /// - Throws: `NTStatus.fltNoWaiterForReply` for a message that was replied to, or whose time is
    ///   over, or that never was; `NTStatus.portMessageTooLong`.
    public func reply(to number: UInt64, _ bytes: [UInt8]) throws(NTStatus) {
        guard bytes.count <= port.limits.message else { throw .portMessageTooLong }
        guard settle(number, .success(bytes)) else { throw .fltNoWaiterForReply }
    }

    /// Sends a message to the filter, and waits for its answer (`FilterSendMessage`).
    ///
    /// - Parameter message: at most ``CommunicationPort/Limits/message`` bytes.
    /// - Throws: `NTStatus.portDisconnected`, `NTStatus.portMessageTooLong`, and what the filter
    ///   refuses with.
    public func request(_ message: [UInt8]) throws(NTStatus) -> [UInt8] {
        guard message.count <= port.limits.message else { throw .portMessageTooLong }
        guard isConnected else { throw .portDisconnected }
        return try port.received(message, from: self)
    }

    // MARK: Beginning and end

    /// The filter agrees. False if the connection is over already.
    func begin() -> Bool {
        state.withLock { state in
            guard state.stage == .connecting else { return false }
            state.stage = .connected
            return true
        }
    }

    /// The filter does not agree.
    func refuse() { _ = finish() }

    /// Callable more than once.
    func end() {
        switch finish() {
        case .over: return
        case .connecting: port.ended(self, wasConnected: false)
        case .connected: port.ended(self, wasConnected: true)
        }
    }

    /// Returns the stage that it was in.
    private func finish() -> Stage {
        let (stage, replies) = state.withLock { state in
            let before = state.stage
            let replies = state.replies
            state.stage = .over
            state.replies = [:]
            state.queue = []
            state.queuedBytes = 0
            return (before, replies)
        }
        guard stage != .over else { return .over }
        news.signal()
        for reply in replies.values { reply(.failure(.portDisconnected)) }
        return stage
    }
}

/// A reply that a thread waits for.
private final class Answer: Sendable {
    private let came = DispatchSemaphore(value: 0)
    private let outcome = Guarded<Result<[UInt8], NTStatus>>(.failure(.timeout))

    func settle(_ result: Result<[UInt8], NTStatus>) {
        outcome.withLock { $0 = result }
        came.signal()
    }

    func wait() -> Result<[UInt8], NTStatus> {
        came.wait()
        return outcome.withLock { $0 }
    }
}

/// Ends waits for replies, on a thread of its own.
private enum PortClock {
    private static let queue = DispatchQueue(label: "replies of ports")

    static func after(_ time: Duration, _ body: @escaping @Sendable () -> Void) {
        let (seconds, rest) = time.components
        let (whole, isTooLong) = Int(clamping: seconds).multipliedReportingOverflow(
            by: 1_000_000_000)
        let nanoseconds = isTooLong ? Int.max / 2 : whole &+ Int(rest / 1_000_000_000)
        queue.asyncAfter(deadline: .now() + .nanoseconds(nanoseconds), execute: body)
    }
}
