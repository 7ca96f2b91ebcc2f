import Locks

/// The trail of an audit that begins when its filter is loaded, and not when it is made to be
/// looked at.
///
/// Any thread. Lock order: a leaf.
final class LazyAuditTrail: Sendable {
    private let destination: @Sendable () throws -> any AuditDestination
    private let trail = Monitor<AuditTrail?>(nil)

    init(_ destination: @escaping @Sendable () throws -> any AuditDestination) {
        self.destination = destination
    }

    var begun: AuditTrail? { trail.withLock { $0 } }

    /// Throws a ``CommandError`` for a destination that cannot be had.
    func begin() throws {
        let new = try AuditTrail(destination())
        trail.withLock { $0 = new }
    }
}
