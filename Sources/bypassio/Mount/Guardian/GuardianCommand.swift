import ArgumentParser
import HostFileSystem
import Logging
import SystemPackage

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
    /// Another process takes the service's place.
    var recovers = false
    /// How long programs wait for that process.
    var recoveryLimit = Duration.seconds(30)
}

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
    /// Another process keeps the service's descriptors.
    @Flag var kept = false
    /// As for the service; nil: the machine's.
    @Option var log: String?

    func run() {
        GateGuardian.serve(
            slot: slot, mountPoint: ArgumentPath.path(mountPoint),
            bounds: GuardianBounds(
                afterDeath: .milliseconds(crashWait), whileSilent: .milliseconds(hangWait),
                isKept: kept),
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
        ] + (settings.crash.recovers ? ["--kept"] : []) + log
    }
}

extension ServiceLog {
    func saw(_ event: GuardianLink.Event) {
        switch event {
        case .started(let process):
            logger.tell(
                .gate, .info,
                "process \(process) holds the gates of files whose filters need them, for when the "
                    + "service dies")
        case .replaced(let process):
            logger.tell(
                .error, .warning,
                "the guardian of the gates was gone; process \(process) has taken its place")
        case .unavailable(let error):
            logger.tell(
                .error, .warning,
                "no guardian of the gates can be had (\(error)): the kernel reads no further files "
                    + "whose filters need a gate")
        case .stays(let process):
            logger.tell(
                .gate, .notice,
                "process \(process) stays until the files are closed that programs still read by "
                    + "the kernel route")
        }
    }
}
