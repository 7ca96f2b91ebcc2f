public import BypassIOProtocol
public import IOStack

/// A volume driver whose answers a test sets and whose transfers a test can count and change.
///
/// Usable from any thread. Lock order: its lock is a leaf; the closures run outside of it.
public final class ScriptedVolumeDriver: VolumeDriver {
    public let name: String

    private struct State {
        var supportsBypassIO: Bool
        var veto: StorageVeto?
        var controlFailure: IOFailure?
        var controls: [StorageBypassIOOperation] = []
        var outcomes: [(StorageBypassIOOperation, StorageControlOutcome)] = []
        var reads = 0
        var writes = 0
        var transferFailure: IOFailure?
        var transform: (@Sendable (UInt8) -> UInt8)?
        var onTransfer: (@Sendable (VolumeTransfer) -> Void)?
    }
    private let state: Guarded<State>

    public init(name: String, supportsBypassIO: Bool = true) {
        self.name = name
        state = Guarded(State(supportsBypassIO: supportsBypassIO))
    }

    public var supportsBypassIO: Bool {
        get { state.withLock { $0.supportsBypassIO } }
        set { state.withLock { $0.supportsBypassIO = newValue } }
    }

    /// The driver's answer to ENABLE and QUERY; nil passes them on.
    public var veto: StorageVeto? {
        get { state.withLock { $0.veto } }
        set { state.withLock { $0.veto = newValue } }
    }

    /// The failure of ENABLE and QUERY themselves, whatever ``veto`` says.
    public var controlFailure: IOFailure? {
        get { state.withLock { $0.controlFailure } }
        set { state.withLock { $0.controlFailure = newValue } }
    }

    /// The outcomes below of the requests that the driver passed on, in order.
    public var outcomes: [(operation: StorageBypassIOOperation, outcome: StorageControlOutcome)] {
        state.withLock { $0.outcomes }
    }

    /// Every IOCTL_STORAGE_MANAGE_BYPASS_IO that the driver saw, in order.
    public var controls: [StorageBypassIOOperation] { state.withLock { $0.controls } }
    /// Reads that walked through the driver.
    public var reads: Int { state.withLock { $0.reads } }
    public var writes: Int { state.withLock { $0.writes } }

    /// The failure of every transfer on its way down; nil lets them pass.
    public var transferFailure: IOFailure? {
        get { state.withLock { $0.transferFailure } }
        set { state.withLock { $0.transferFailure = newValue } }
    }

    /// Applied to each byte read, after the storage delivered it.
    public func transformReads(_ transform: (@Sendable (UInt8) -> UInt8)?) {
        state.withLock { $0.transform = transform }
    }

    /// Called on the way down of every transfer, in the thread that carries it.
    public func onTransfer(_ action: (@Sendable (VolumeTransfer) -> Void)?) {
        state.withLock { $0.onTransfer = action }
    }

    public func manageBypassIO(
        _ input: StorageBypassIOInput
    ) throws(IOFailure) -> StorageVeto? {
        let (failure, veto) = state.withLock { state in
            state.controls.append(input.operation)
            return (state.controlFailure, state.veto)
        }
        if let failure { throw failure }
        return veto
    }

    public func didManageBypassIO(
        _ input: StorageBypassIOInput, _ outcome: StorageControlOutcome
    ) {
        state.withLock { $0.outcomes.append((input.operation, outcome)) }
    }

    public func willTransfer(
        _ transfer: VolumeTransfer, buffer: any IOBuffer
    ) throws(IOFailure) {
        let (action, failure) = state.withLock { state in
            if transfer.direction == .read { state.reads += 1 } else { state.writes += 1 }
            return (state.onTransfer, state.transferFailure)
        }
        action?(transfer)
        if let failure { throw failure }
    }

    public func didTransfer(
        _ transfer: VolumeTransfer, buffer: any IOBuffer, count: Int
    ) throws(IOFailure) {
        guard transfer.direction == .read, let transform = state.withLock({ $0.transform }) else {
            return
        }
        buffer.withMutableBytes(count) { span in
            for index in span.indices { span[index] = transform(span[index]) }
        }
    }
}
