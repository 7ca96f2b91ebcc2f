import IOStack

/// The newest records, up to a fixed number.
///
/// Lock order: a leaf.
final class AuditTrail: Sendable {
    private struct State {
        var records: [AuditRecord] = []
        var next = 0
        var total: UInt64 = 0
    }

    private let capacity: Int
    private let state = Guarded(State())

    init(capacity: Int) {
        self.capacity = capacity
        state.withLock { $0.records.reserveCapacity(capacity) }
    }

    @discardableResult
    func append(_ make: (UInt64) -> AuditRecord) -> AuditRecord {
        state.withLock { state in
            let record = make(state.total)
            state.total += 1
            if state.records.count < capacity {
                state.records.append(record)
            } else {
                state.records[state.next] = record
                state.next = (state.next + 1) % capacity
            }
            return record
        }
    }

    /// Oldest first.
    var records: [AuditRecord] {
        state.withLock { Array($0.records[$0.next...] + $0.records[..<$0.next]) }
    }

    var total: UInt64 { state.withLock { $0.total } }
}
