public import BypassIOProtocol
internal import SystemPackage

/// Is told of each layer that a request passed, while it wants to know
/// (``Volume/traceLayers(by:)``).
///
/// Called on the thread that carries the request, under no lock of the stack, when the layer is
/// done: what lies within something else is told before it. It must not wait, nor call the stack.
public protocol LayerObserver: Sendable {
    func saw(_ visit: LayerVisit)
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
