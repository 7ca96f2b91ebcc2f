import ArgumentParser
import HostFileSystem
import Logging
import SystemPackage

/// `bypassio guardian-of`: the process that answers for the gates of a mount whose service has
/// died. The service starts it.
struct GuardianCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "guardian-of", shouldDisplay: false)

    @Argument var mountPoint: String
    @Option var slot: Int32
    /// Milliseconds.
    @Option var crashWait: Int
    /// Milliseconds.
    @Option var hangWait: Int
    /// As for the service; nil: the machine's.
    @Option var log: String?

    func run() {
        GateGuardian.serve(
            slot: slot, mountPoint: ArgumentPath.path(mountPoint),
            bounds: GuardianBounds(
                afterDeath: .milliseconds(crashWait), whileSilent: .milliseconds(hangWait)),
            tell: tell)
    }

    /// Opens the log for this one line: the guardian may wait for years.
    private func tell(_ words: String) {
        let line = LogLine(.warning, LogKind.gate.rawValue, "\(mountPoint): \(words)")
        let destination = log.flatMap { try? LogDestination(named: $0) } ?? .ofMachine
        _ = (try? ServiceLog.sink(destination))??.write(line)
    }

    /// The arguments of the guardian of a mount; the name in front is for ps(1).
    static func arguments(_ settings: MountSettings, slot: Int32) -> [String] {
        func milliseconds(_ time: Duration) -> String {
            let (seconds, attoseconds) = time.components
            return String(seconds * 1000 + attoseconds / 1_000_000_000_000_000)
        }
        let bounds = settings.crash.bounds
        let log = settings.log.map { $0 == "stderr" ? [] : ["--log", $0] } ?? []
        return [
            "bypassio", "guardian-of", ArgumentPath.mountPoint(settings.mountPoint).string,
            "--slot", String(slot), "--crash-wait", milliseconds(bounds.afterDeath),
            "--hang-wait", milliseconds(bounds.whileSilent),
        ] + log
    }
}
