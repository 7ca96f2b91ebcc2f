import HostFileSystem

/// What becomes of the kernel's reads when the service dies (`-o crash=…`).
struct CrashPolicy {
    enum Gates: String, Sendable {
        /// Reads of files whose filters need a gate fail.
        case closed
        /// The kernel opens every gate.
        case open
    }

    var gates = Gates.closed
    var bounds = GuardianBounds()
}
