import CKernelABI
import Foundation
import Terminal

/// The program that started this one and waits for its word, systemd above all (sd_notify(3)).
///
/// Any thread. Tells nobody where nobody asked to be told.
struct ServiceManager: Sendable {
    /// How long a manager may leave no room for a message, milliseconds.
    private static let patience: Int32 = 1000

    /// The manager's socket; nil without one.
    let socket: String?

    /// The one that NOTIFY_SOCKET names.
    init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        socket = environment["NOTIFY_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Programs may use the volume: a unit of Type=notify is active from here on.
    func tellReady(_ status: String) { tell("READY=1", status) }

    /// The volume leaves the name space, or is served no more.
    func tellStopping(_ status: String) { tell("STOPPING=1", status) }

    /// With what the manager shows of the service.
    private func tell(_ assignment: String, _ status: String) {
        guard let socket else { return }
        // A line each.
        let text = "\(assignment)\nSTATUS=\(status.onOneLine)\n"
        let bytes = Array(text.utf8)
        // A manager that is gone has nobody to be told.
        _ = unsafe bpio_notify(socket, bytes, bytes.count, Self.patience)
    }
}
