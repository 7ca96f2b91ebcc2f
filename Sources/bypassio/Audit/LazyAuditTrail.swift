import Locks

/// The trail of an audit that begins when its filter is loaded, and not when it is made to be
/// looked at.
///
/// Any thread. Lock order: a leaf.
final class LazyAuditTrail: Sendable {
    private let path: String
    private let limits: AuditFile.Limits
    private let complain: @Sendable (String) -> Void
    private let trail = Monitor<AuditTrail?>(nil)

    init(
        _ path: String, _ limits: AuditFile.Limits, complain: @escaping @Sendable (String) -> Void
    ) {
        self.path = path
        self.limits = limits
        self.complain = complain
    }

    var begun: AuditTrail? { trail.withLock { $0 } }

    /// Throws a ``CommandError`` for a file that cannot be had.
    func begin() throws {
        let new = try AuditTrail(AuditFile(path, limits, complain: complain))
        trail.withLock { $0 = new }
    }
}
