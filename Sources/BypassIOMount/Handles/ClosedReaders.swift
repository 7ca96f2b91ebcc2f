internal import FUSE
internal import IOStack
internal import Synchronization

/// Reads of handles that have closed, while somebody looks: without them a program that opens,
/// reads and closes between two looks would be told of by route alone.
///
/// Any thread. Lock order: a leaf.
final class ClosedReaders: Sendable {
    /// Handles that are remembered; older ones count by route alone.
    static let most = 4096

    struct Closed: Sendable {
        let number: HandleID
        let path: String
        let process: Int32
        let reads: ReadCounts
    }

    private struct State {
        var isOn = false
        /// The place of a record is its number modulo ``ClosedReaders/most``.
        var records: [Closed] = []
        /// Of the record that comes next.
        var next: UInt64 = 0
    }

    private let state = Guarded(State())
    /// Relaxed: of handles that close at a change a part is remembered.
    private let isOn = Atomic<Bool>(false)

    /// While nobody looks a close costs one load.
    var isRemembering: Bool { isOn.load(ordering: .relaxed) }

    func remember(_ isOn: Bool) {
        self.isOn.store(isOn, ordering: .relaxed)
        state.withLock { state in
            state.isOn = isOn
            guard !isOn else { return }
            // The numbers go on: whoever looks again finds none of the old.
            state.records = []
        }
    }

    /// Before the handle leaves the table, so that each sample has it here or there.
    func note(_ handle: OpenHandle, _ number: HandleID) {
        let reads = ReadCounts(of: handle)
        guard reads.count > 0 else { return }
        let closed = Closed(
            number: number, path: handle.file.openedPath,
            process: handle.file.requestor.processID, reads: reads)
        state.withLock { state in
            guard state.isOn else { return }
            if state.records.count < Self.most {
                if state.records.isEmpty { state.next.formRoundUp(toMultipleOf: Self.most) }
                state.records.append(closed)
            } else {
                state.records[Int(state.next % UInt64(Self.most))] = closed
            }
            state.next += 1
        }
    }

    /// The number of the record that comes next.
    var next: UInt64 { state.withLock { $0.next } }

    /// The records with numbers in `range` that are still there.
    func records(in range: Range<UInt64>) -> [Closed] {
        state.withLock { state in
            let first = state.next - min(state.next, UInt64(state.records.count))
            let kept = range.clamped(to: first..<state.next)
            return kept.map { state.records[Int($0 % UInt64(Self.most))] }
        }
    }
}

/// What was read through a handle so far.
struct ReadCounts: Sendable {
    var count: UInt64
    var bytes: UInt64

    init(of handle: OpenHandle) {
        let (through, past) = (handle.readsThroughFilterStack, handle.readsPastFilterStack)
        count = through.count + past.count + handle.file.gatedKernelReads
        bytes = through.bytes + past.bytes + handle.file.gatedKernelBytes
    }

    /// What came since an earlier moment.
    func since(_ earlier: ReadCounts?) -> ReadCounts {
        var rest = self
        rest.count -= min(count, earlier?.count ?? 0)
        rest.bytes -= min(bytes, earlier?.bytes ?? 0)
        return rest
    }
}

extension UInt64 {
    fileprivate mutating func formRoundUp(toMultipleOf step: Int) {
        let rest = self % UInt64(step)
        if rest != 0 { self += UInt64(step) - rest }
    }
}
