internal import LinuxKit
internal import Locks
internal import Synchronization
package import SystemPackage

/// Tells the observer and the tracer of a session, and for that keeps the requests that have no
/// answer yet.
///
/// Any thread. Lock order: its lock is a leaf; observer and tracer are called outside of it.
package final class RequestLedger: Sendable {
    private struct Open {
        let opcode: UInt32
        let node: NodeID
        let size: Int
        let arrival: ContinuousClock.Instant
        var followed: (any FollowedRequest)?
    }

    private struct State {
        var requests: [RequestID: Open] = [:]
        var hasEnded = false
        var refusedThreads: UInt64 = 0
    }

    private let observer: any SessionObserver
    private let tracer: (any RequestTracer)?
    /// The observer is told of requests.
    private let tellsRequests: Bool
    /// For the observer or the tracer. Relaxed: a request that comes during a change is followed or
    /// not.
    private let keepsRequests: Atomic<Bool>
    private let state = Monitor(State())

    init(_ observer: any SessionObserver, _ tracer: (any RequestTracer)?) {
        self.observer = observer
        self.tracer = tracer
        tellsRequests = observer.wantsRequests
        keepsRequests = Atomic(observer.wantsRequests)
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

    func storageFailed(_ error: Errno) { observer.saw(.storageFailed(error)) }

    func waitedLong(_ user: UInt32, isKept: Bool) {
        observer.saw(.waitsLong(LongWaits.limit, user: user, isKept: isKept))
    }

    // MARK: Requests

    /// Has the tracer asked about each request from now on, or no more; then those that it follows
    /// are forgotten.
    func follow(_ isOn: Bool) {
        keepsRequests.store(tellsRequests || isOn, ordering: .relaxed)
        if isOn { return }
        state.withLock { state in
            state.requests =
                tellsRequests
                ? state.requests.mapValues {
                    var open = $0
                    open.followed = nil
                    return open
                } : [:]
        }
    }

    /// A message came from the kernel, on the thread that carries it unless that says otherwise
    /// (``carries(_:)``).
    package func came(_ message: Span<UInt8>) {
        if keepsRequests.load(ordering: .relaxed) { begin(message) }
    }

    /// The calling thread carries a request that another one took from the kernel.
    package func carries(_ unique: RequestID) {
        guard keepsRequests.load(ordering: .relaxed) else { return }
        WorkerThread.followed = state.withLock { $0.requests[unique]?.followed }
    }

    /// A reply was handed to the kernel, which refused it with `error`.
    package func replied(_ message: Span<UInt8>, _ error: Errno?) {
        if keepsRequests.load(ordering: .relaxed) || error == .invalidArgument {
            end(message, error)
        }
    }

    private func begin(_ message: Span<UInt8>) {
        let now = ContinuousClock.now
        var reader = MessageReader(message)
        guard let header = try? RequestHeader(&reader) else { return }
        var rest = reader
        var open = Open(
            opcode: header.opcode, node: header.node, size: Self.size(of: header, &rest),
            arrival: now)
        guard header.traits.contains(.hasReply) else {
            WorkerThread.followed = nil
            return tell(header.unique, open, .noted)
        }
        open.followed = tracer?.came(
            ArrivedRequest(header, &reader, at: KernelClock.monotonic))
        WorkerThread.followed = open.followed
        guard open.followed != nil || tellsRequests else { return }
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
        guard let open = state.withLock({ $0.requests.removeValue(forKey: unique) }) else { return }
        let error = Errno(rawValue: -Int32(bitPattern: negative))
        let outcome: CarriedRequest.Outcome =
            if refusal != nil {
                .answeredLate
            } else if error.rawValue != 0 {
                .failed(error)
            } else {
                .answered(bytes: Int(length) - ReplyTicket.headerSize)
            }
        if let followed = open.followed {
            var handle: HandleID?
            if refusal == nil, let place = Opcode(rawValue: open.opcode)?.placeOfOpenedHandle,
                (try? reader.skip(place)) != nil, let number = try? reader.u64()
            {
                handle = HandleID(number)
            }
            followed.ended(outcome, at: KernelClock.monotonic, opened: handle)
            if WorkerThread.followed === followed { WorkerThread.followed = nil }
        }
        tell(unique, open, outcome)
    }

    private func tell(_ unique: RequestID, _ open: Open, _ outcome: CarriedRequest.Outcome) {
        guard tellsRequests else { return }
        observer.saw(
            .request(
                CarriedRequest(
                    unique: unique, operation: Opcode.kernelName(of: open.opcode), node: open.node,
                    size: open.size, outcome: outcome,
                    duration: ContinuousClock.now - open.arrival)))
    }
}

/// A request that was read and is carried later, by any thread: its sender has as many threads as
/// it may have, or the thread that read it waits for a disk.
struct HeldRequest: Sendable {
    /// Of one user, and together; further requests are refused with `EBUSY`.
    static let mostOfUser = 1024
    static let mostRequests = 4096
    static let mostBytes = 64 << 20

    let unique: RequestID
    let claim: WorkerClaim
    let message: [UInt8]
    /// Where it is answered.
    let channel: DeviceChannel
    /// It waits for nothing but a thread.
    let isReady: Bool
}

/// The held requests of one session, first come first. Under the session's lock.
struct HeldRequests {
    private(set) var requests: [HeldRequest] = []
    private var bytes = 0

    /// False without room; a request that is ready is taken all the same.
    mutating func add(_ request: HeldRequest) -> Bool {
        let hasRoom =
            requests.count < HeldRequest.mostRequests
            && requests.count { $0.claim.user == request.claim.user } < HeldRequest.mostOfUser
            && bytes + request.message.count <= HeldRequest.mostBytes
        guard hasRoom || request.isReady else { return false }
        bytes += request.message.count
        requests.append(request)
        return true
    }

    /// The request of this number.
    mutating func take(_ unique: RequestID) -> HeldRequest? { take { $0.unique == unique } }

    /// The first that may be carried.
    mutating func take(where mayBeCarried: (HeldRequest) -> Bool) -> HeldRequest? {
        guard let place = requests.firstIndex(where: mayBeCarried) else { return nil }
        let request = requests.remove(at: place)
        bytes -= request.message.count
        return request
    }
}
