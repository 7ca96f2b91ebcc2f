import BypassIOMount
import BypassIOProtocol
import ControlInterface
import FUSE
import Foundation
import LinuxKit
import SystemPackage
import Terminal

/// A mount that a service manager wants started, and that is there: the service before died, and
/// its keeper has had another take over. The manager learns which process that is.
enum TakenMount {
    /// Between two looks, in microseconds.
    private static let step: UInt32 = 100_000

    /// Tells the manager which process serves; false where nothing is to be told: no manager asks,
    /// nothing is mounted there, or what is there has no service and nobody comes. Throws a
    /// ``CommandError`` for a mount of another SOURCE.
    static func tell(_ manager: ServiceManager, _ settings: MountSettings) throws -> Bool {
        guard settings.crash.recovers, manager.socket != nil else { return false }
        let place = ArgumentPath.mountPoint(settings.mountPoint)
        let end = ContinuousClock.now + settings.crash.recoveryLimit
        while let mount = MountTable.current.top(at: place),
            mount.fileSystemType == "fuse.\(settings.volume.mount.subtype)"
        {
            if let report = report(settings) {
                guard report.source == settings.source else {
                    throw CommandError(
                        .cannotCreate,
                        "\(settings.mountPoint.onOneLine) shows \(report.source.onOneLine) already, "
                            + "by process \(report.process): unmount it, or name another directory."
                    )
                }
                let words =
                    "process \(report.process) serves \(settings.mountPoint.onOneLine) already"
                StandardOutput.print("bypassio: \(words).")
                manager.tellReady(words)
                manager.tellSuccessor(report.process, words)
                // Its end must not come before the word.
                usleep(step)
                return true
            }
            guard ContinuousClock.now < end,
                ServiceQuestion.status(of: place, within: .seconds(1)) != .socketNotConnected
            else { return false }
            usleep(step)
        }
        return false
    }

    private static func report(_ settings: MountSettings) -> ServiceReport? {
        var socket: String?
        if case .at(let path) = settings.control { socket = path.string }
        guard
            let client = try? MountControlClient(
                settings.mountPoint, socket: socket, patience: .seconds(2))
        else { return nil }
        return try? client.ask { client throws(ControlClientError) in
            try client.get("/v1/service", as: ServiceReport.self)
        }
    }
}
