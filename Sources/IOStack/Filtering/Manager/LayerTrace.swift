public import BypassIOProtocol
import Synchronization
internal import SystemPackage

/// Whom a volume tells of the layers that requests pass. While it tells nobody, a request costs one
/// load and one branch more.
///
/// Any thread. Relaxed: of requests under way at a change a part is told. The atomic is the
/// standard library's in the build of the search, too: nothing that threads do depends on it. Lock
/// order: `observer` is a leaf; it is called without it.
struct LayerTrace: ~Copyable, Sendable {
    private let isTelling = Synchronization.Atomic<Bool>(false)
    private let observer = Guarded<(any LayerObserver)?>(nil)

    @inline(__always)
    var isOn: Bool { isTelling.load(ordering: .relaxed) }

    func set(_ observer: (any LayerObserver)?) {
        self.observer.withLock { $0 = observer }
        isTelling.store(observer != nil, ordering: .relaxed)
    }

    /// Who is told now.
    var present: (any LayerObserver)? { isOn ? observer.look { copy $0 } : nil }

    /// Before a layer; 0 while nobody is told.
    @inline(__always)
    func begin() -> UInt64 { isOn ? LayerClock.now : 0 }

    /// False if nobody is told any more.
    @discardableResult
    func tell(_ visit: LayerVisit) -> Bool {
        guard let observer = observer.look({ copy $0 }) else { return false }
        observer.saw(visit)
        return true
    }
}

extension FilterInstance {
    /// A callback is over that began while somebody looked.
    @inline(never)
    func noteCallback(
        _ layer: LayerVisit.Layer, of function: MajorFunction, since began: UInt64,
        _ outcome: LayerVisit.Outcome? = nil
    ) {
        let now = LayerClock.now
        times.record(function, from: began, to: now)
        guard times.isTold else { return }
        // An attach may have come while the last observer went.
        if !tell(layer, since: began, until: now, outcome) { times.tell(false) }
    }

    /// The filter manager vetoes for the filter, which has no part in it.
    func noteStandingVeto() {
        let now = volume.layers.begin()
        if now != 0 { tell(.preCallback, since: now, until: now, .completed) }
    }

    /// The filter kept a request until now.
    func noteKept(since began: UInt64) {
        tell(.kept, since: began, until: LayerClock.now)
    }

    @discardableResult
    private func tell(
        _ layer: LayerVisit.Layer, since began: UInt64, until ended: UInt64,
        _ outcome: LayerVisit.Outcome? = nil
    ) -> Bool {
        volume.layers.tell(
            LayerVisit(
                layer, filter.name, altitude: altitude, outcome, since: began, until: ended))
    }
}

/// Is told of each layer that a request passed, while it wants to know
/// (``Volume/traceLayers(by:)``).
///
/// Called on the thread that carries the request, under no lock of the stack, when the layer is
/// done: what lies within something else is told before it. It must not wait, nor call the stack.
public protocol LayerObserver: Sendable {
    func saw(_ visit: LayerVisit)

    /// The kernel holds a read at a gate, and the stack is asked whether it may pass: layers that
    /// this thread tells of next were asked about it.
    ///
    /// - Parameters:
    ///   - read: the read, with the thread that reads.
    ///   - file: a file object that the kernel reads for; of several of one file it is any.
    func held(_ read: KernelRead, of file: FileObject)

    /// The stack has answered the read that this thread told of last.
    ///
    /// - Parameters:
    ///   - read: the same.
    ///   - failure: for the program; nil: the read passes.
    func answered(_ read: KernelRead, _ failure: IOFailure?)
}

/// What one layer did with one request, and when.
public struct LayerVisit: Sendable {
    public enum Layer: String, Sendable {
        /// The request's whole way down the stack and up again.
        case request
        case preCallback
        case postCallback
        /// A filter kept the request.
        case kept
        /// The file system, or what answers in its place.
        case fileSystem
        /// Volume and storage drivers, with the bytes of a read or a write.
        case storage
    }

    /// What a filter's pre callback did with the request.
    public enum Outcome: String, Sendable {
        case passed
        /// No layer below saw it.
        case completed
        /// The filter keeps it.
        case pended
    }

    public let layer: Layer
    /// Of the filter, file system or storage driver; of a request its function
    /// (``MajorFunction/windowsName``).
    public let name: String
    /// Of a filter.
    public let altitude: Altitude?
    /// Of a pre callback.
    public let outcome: Outcome?
    /// Of a request: what was asked, and what became of it.
    public let request: LayerRequest?
    /// By ``LayerClock``.
    public let began: UInt64
    public let ended: UInt64

    init(
        _ layer: Layer, _ name: String, altitude: Altitude? = nil, _ outcome: Outcome? = nil,
        _ request: LayerRequest? = nil, since began: UInt64, until ended: UInt64
    ) {
        self.layer = layer
        self.name = name
        self.altitude = altitude
        self.outcome = outcome
        self.request = request
        self.began = began
        self.ended = ended
    }
}

/// A request, once it is over, as a ``LayerObserver`` is told of it.
public struct LayerRequest: Sendable {
    public let function: MajorFunction
    /// From the volume's root, with the name that the request is about.
    public let path: String
    /// Bytes of a read or a write.
    public let offset: UInt64?
    public let length: Int?
    /// Of a BypassIO control.
    public let control: BypassIOOperation?
    public let status: NTStatus
    /// A filter sent it.
    public let isGenerated: Bool
    /// The layer that refuses a BypassIO control.
    public let veto: BypassVeto?
}

extension CallbackData {
    /// Before ``finish()``.
    var toldRequest: LayerRequest {
        var place: (offset: UInt64, length: Int)?
        if case .read(let offset, let length) = asked { place = (offset, length) }
        if case .write(let offset, let length) = asked { place = (offset, length) }
        let verdict = majorFunction == .fileSystemControl ? bypassIOVerdict : nil
        return LayerRequest(
            function: majorFunction, path: toldPath, offset: place?.offset, length: place?.length,
            control: majorFunction == .fileSystemControl ? bypassIOInput?.operation : nil,
            status: ioStatus.status, isGenerated: flags.contains(.generatedIO),
            veto: verdict.flatMap { $0.status.isError ? BypassVeto($0) : nil })
    }

    private var toldPath: String {
        if case .create(let parameters) = asked { return parameters.pathFromRoot }
        guard let folder = fileObject?.openedPath else { return "" }
        let name: String? =
            switch asked {
            case .queryInformation(.entry(let name)): name.string
            case .setInformation(.rename(let name, _, _, _)): name.string
            case .setInformation(.unlink(let name, _)): name.string
            default: nil
            }
        guard let name else { return folder }
        return folder.isEmpty ? name : "\(folder)/\(name)"
    }
}

extension PreOperationResult {
    var toldOutcome: LayerVisit.Outcome {
        switch self {
        case .successWithCallback, .successNoCallback, .synchronize: .passed
        case .pending: .pended
        case .complete: .completed
        }
    }
}
