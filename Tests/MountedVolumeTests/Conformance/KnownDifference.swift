/// A case whose outcome on any FUSE mount cannot be ext4's: the kernel decides before, or without,
/// asking the service.
struct KnownDifference: Sendable {
    let name: String
    let reason: String

    /// Each with the kernel's rule that makes it so. A difference that a service could avoid does
    /// not belong here.
    static let all: [KnownDifference] = []

    static func reason(for name: String) -> String? {
        all.first { $0.name == name }?.reason
    }
}
