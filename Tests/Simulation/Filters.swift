import BypassIOProtocol
import IOStack

/// A filter of a history, by its place.
final class SimulatedFilter: @unchecked Sendable {
    enum Kind: Int, CaseIterable {
        /// Sees reads and lets them pass.
        case passing
        /// Sees reads; vetoes and pauses when told.
        case pausing
        /// Has not opted in.
        case legacy
        /// Fails reads and writes now and then.
        case failing
        /// Keeps requests for a while.
        case keeping
    }

    enum State { case attaching, attached, detaching, gone }

    let kind: Kind
    let number: Int
    unowned let world: World
    var instance: FilterInstance?
    var state = State.attaching
    /// While set, ENABLE and QUERY meet its veto.
    var vetoes = false {
        didSet { if !vetoes { leniencies += 1 } }
    }
    /// How often it stopped vetoing.
    private(set) var leniencies = 0
    /// Files that it paused: the pause has returned, and no resume has begun.
    var paused: [FileRecord] = []
    /// Files from which it withdrew bypass: that has returned, and no restore has begun.
    var withdrawn: [FileRecord] = []
    /// Files against which the veto of a withdrawal stands, also of one that failed.
    var standing: [FileRecord] = []
    /// When its last withdrawal returned, by the world's counter of events.
    var lastWithdrawal = 0
    /// Withdrawals and restores under way.
    var changes = 0
    private var seen = 0

    init(_ kind: Kind, _ number: Int, _ world: World) {
        (self.kind, self.number, self.world) = (kind, number, world)
    }

    var name: String { "filter\(number)" }
    /// Higher for later filters and lower for others, so that both orders come.
    var altitude: UInt { UInt(100_000 + number * 7919 % 50_000) }
    static let veto = NTStatus.notSupportedWithAuditing

    var registration: FilterRegistration {
        FilterRegistration(
            name: name, altitude: Altitude(integer: altitude),
            supportedFeatures: kind == .legacy ? [] : .bypassIO,
            operations: [row(.read), row(.write), row(.create), control], kernelReads: .unwatched)
    }

    private func row(_ major: MajorFunction) -> OperationRegistration {
        OperationRegistration(
            major,
            preOperation: { [unowned self] data, instance in before(data, instance) },
            postOperation: { [unowned self] data, _, _ in
                called(isDraining: data.isDraining)
                return .finishedProcessing
            })
    }

    private var control: OperationRegistration {
        OperationRegistration(
            .fileSystemControl,
            preOperation: { [unowned self] data, instance in
                called()
                world.scheduler.pass()
                guard vetoes, data.bypassIOQuestion != nil else { return .successNoCallback }
                data.vetoBypassIO(instance, status: Self.veto, reason: "Audited.")
                return .complete
            })
    }

    /// After a detach has returned no callback runs.
    private func called(isDraining: Bool = false) {
        world.demand(state != .gone, "a callback of \(name) runs after its detach")
    }

    private func before(_ data: CallbackData, _ instance: FilterInstance) -> PreOperationResult {
        called()
        seen += 1
        switch kind {
        case .failing where data.majorFunction != .create && seen % 5 == 0:
            world.current?.refusal = 13
            data.fail(.accessDenied)
            return .complete
        case .keeping where seen % 3 == 0:
            let passes = PreOperationResult.successWithCallback(.none)
            let milliseconds = [1, 30, 300][seen / 3 % 3]
            world.scheduler.startSpare(from: Cast.spares) { [unowned self] in
                world.scheduler.sleep(milliseconds: milliseconds)
                _ = data.completePendedPreOperation(instance, passes)
            }
            return .pending
        default: return .successWithCallback(.none)
        }
    }
}

/// The filter below all others: it sees each read that does not skip the filters, and in some
/// histories it changes all bytes on their way.
struct WatchingFilter {
    unowned let world: World

    var registration: FilterRegistration {
        FilterRegistration(
            name: "watcher", altitude: Altitude(integer: 1000), supportedFeatures: .bypassIO,
            operations: [read] + (world.isChanged ? [write, control] : []))
    }

    private var read: OperationRegistration {
        let world = world
        return OperationRegistration(
            .read,
            preOperation: { [unowned world] _, _ in
                world.current?.isSeenByFilters = true
                return .successWithCallback(.none)
            },
            postOperation: { [unowned world] data, _, _ in
                if world.isChanged, data.ioStatus.status.isSuccess {
                    data.buffer.map { Self.change($0, data.ioStatus.information) }
                }
                return .finishedProcessing
            })
    }

    private var write: OperationRegistration {
        OperationRegistration(
            .write,
            preOperation: { data, instance in
                guard case .write(_, let length) = data.parameters, let plain = data.buffer,
                    let buffer = try? instance.volume.makeBuffer(capacity: length)
                else { return .successNoCallback }
                let bytes = plain.withBytes(length) { [UInt8](copying: $0) }
                buffer.withMutableBytes(length) { span in
                    for index in bytes.indices { span[index] = bytes[index] }
                }
                Self.change(buffer, length)
                data.buffer = buffer
                return .successNoCallback
            })
    }

    /// Where bytes are changed no read may bypass.
    private var control: OperationRegistration {
        OperationRegistration(
            .fileSystemControl,
            preOperation: { data, instance in
                guard data.bypassIOQuestion != nil else { return .successNoCallback }
                data.vetoBypassIO(
                    instance, status: .notSupportedWithEncryption, reason: "Changed.")
                return .complete
            })
    }

    static let key: UInt8 = 0x5A

    private static func change(_ buffer: any IOBuffer, _ count: Int) {
        buffer.withMutableBytes(count) { span in
            for index in span.indices { span[index] ^= key }
        }
    }
}
