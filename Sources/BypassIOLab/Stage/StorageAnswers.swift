import BypassIOProtocol
import IOStack

/// The answers of a volume or storage driver to IOCTL_STORAGE_MANAGE_BYPASS_IO. Usable from any
/// thread; its lock is a leaf.
final class StorageAnswers: Sendable {
    private let rules: Guarded<[VetoRule]>

    init(_ rules: [VetoRule]) { self.rules = Guarded(rules) }

    func add(_ rule: VetoRule) { rules.withLock { $0.append(rule) } }
    func clear() { rules.withLock { $0 = [] } }

    /// The first three operations have the same numbers in both interfaces.
    func veto(of operation: StorageBypassIOOperation) -> StorageVeto? {
        let rule = rules.withLock { rules in
            rules.first { rule in
                rule.operations.contains(BypassIOOperation(rawValue: operation.rawValue))
            }
        }
        guard let rule, case .veto(let reason) = rule.manner else { return nil }
        return StorageVeto(rule.status, reason: reason)
    }
}
