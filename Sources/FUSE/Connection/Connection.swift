internal import Synchronization
internal import SystemPackage

/// One mount's conversation with the kernel: takes requests apart and hands them to the file
/// system, whichever way they came.
///
/// Any thread may process requests, each with buffers of its own.
public final class Connection: Sendable {
    public let fileSystem: any FileSystem
    /// Of one WRITE's or READ's data, in bytes.
    public let maximumTransfer: Int
    /// So many requests that no program waits for (readahead, asynchronous I/O) the kernel sends at
    /// once, for all users together. The number exceeds what a single user may keep waiting.
    public let maximumBackground: UInt16

    /// nil where no observer is to be told.
    package let ledger: RequestLedger?

    /// Of everything that comes.
    let pace = RequestPace()

    /// The result of INIT, published once: `flags` and `maximumWrite` are valid when `minor` is not
    /// 0. Stores happen before the reply to INIT is sent, and the kernel sends no other request
    /// before it has that reply. Release and acquire make this hold for the in-memory channel as
    /// well.
    private let minor = Atomic<UInt32>(0)
    private let flags = Atomic<UInt64>(0)
    /// INIT was answered with an error. Relaxed: it stands alone.
    private let refused = Atomic<Bool>(false)
    /// Of a further transport that is ready. Relaxed: set before the thread starts that answers
    /// INIT.
    private let offered = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - fileSystem: answers the requests.
    ///   - maximumTransfer: at least 4096; the kernel may want less.
    ///   - maximumBackground: see ``maximumBackground``.
    ///   - observer: is told how the session fares.
    ///   - tracer: may follow requests, where there is an observer; see ``follow(_:)``.
    public init(
        _ fileSystem: any FileSystem, maximumTransfer: Int = 1 << 20,
        maximumBackground: UInt16 = 8192, observer: (any SessionObserver)? = nil,
        tracer: (any RequestTracer)? = nil
    ) {
        precondition(maximumTransfer >= 4096 && maximumTransfer <= 1 << 28)
        self.fileSystem = fileSystem
        self.maximumTransfer = maximumTransfer
        self.maximumBackground = maximumBackground
        ledger = observer.map { RequestLedger($0, tracer) }
    }

    /// Has the tracer asked about each request that comes from now on, or no more: then it costs
    /// nothing, beside the look whether the observer wants requests. Any thread, one at a time.
    ///
    /// - Returns: false where there is no observer, and so nothing to follow.
    @discardableResult
    public func follow(_ isOn: Bool) -> Bool {
        ledger?.follow(isOn)
        return ledger != nil
    }

    /// nil until INIT was answered.
    public var negotiation: Negotiation? {
        let minor = minor.load(ordering: .acquiring)
        guard minor != 0 else { return nil }
        return Negotiation(
            minor: minor, flags: InitFlags(rawValue: flags.load(ordering: .relaxed)),
            maximumWrite: maximumTransfer, maximumStackDepth: stackDepth(isAgreed(.passthrough)))
    }

    /// The kernel takes 1 and 2.
    private func stackDepth(_ passes: Bool) -> UInt32 {
        passes ? min(max(fileSystem.maximumStackDepth, 1), 2) : 0
    }

    var isNegotiated: Bool { minor.load(ordering: .acquiring) != 0 }

    /// This side does not speak the kernel's version.
    var isRefused: Bool { refused.load(ordering: .relaxed) }

    package func isAgreed(_ flag: InitFlags) -> Bool { agreedFlags.contains(flag) }

    /// None before INIT was answered.
    var agreedFlags: InitFlags { InitFlags(rawValue: flags.load(ordering: .relaxed)) }

    /// Flags that concern this library alone.
    private static let own: InitFlags = [
        .asynchronousRead, .bigWrites, .asynchronousDirectIO, .parallelDirectoryOperations,
        .maximumPages, .extendedInit, .abortError, .extendedSetAttribute,
    ]

    /// Answers INIT; asks only for what the kernel offers and the file system honours.
    func initialize(_ request: InitRequest, _ ticket: consuming ReplyTicket) {
        guard request.major >= InitRequest.major else { return refuse(ticket) }
        guard request.major == InitRequest.major else {
            // The kernel is to ask again, with our version.
            ticket.succeed { body in
                body.u32(InitRequest.major)
                body.u32(InitRequest.newestMinor)
            }
            return
        }
        guard request.minor >= InitRequest.oldestMinor else { return refuse(ticket) }
        var agreedFlags = request.flags.intersection(Self.own.union(fileSystem.features))
        let offered = InitFlags(rawValue: offered.load(ordering: .relaxed))
        agreedFlags.formUnion(request.flags.intersection(offered))
        // The kernel would leave passthrough off and not say so.
        if agreedFlags.contains(.writebackCache) { agreedFlags.remove(.passthrough) }
        let agreed = Negotiation(
            minor: min(request.minor, InitRequest.newestMinor), flags: agreedFlags,
            maximumWrite: maximumTransfer,
            maximumStackDepth: stackDepth(agreedFlags.contains(.passthrough)))
        flags.store(agreed.flags.rawValue, ordering: .relaxed)
        minor.store(agreed.minor, ordering: .releasing)
        ticket.succeed { body in
            request.write(agreed, maximumBackground: maximumBackground, to: &body)
        }
    }

    /// The kernel may be told that a further transport is ready.
    func offer(_ flag: InitFlags) {
        offered.store(flag.rawValue, ordering: .relaxed)
    }

    private func refuse(_ ticket: consuming ReplyTicket) {
        refused.store(true, ordering: .relaxed)
        ticket.fail(.protocolError)
    }
}
