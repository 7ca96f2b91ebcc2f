import BypassIOLab
import FUSE
import Foundation
import SystemPackage

/// Plays a scenario on a real mount: another process serves it, and this process is the program
/// that uses it.
enum MountedRun {
    /// Throws a ``CommandError`` where no mount is possible.
    static func run(_ scenario: Scenario, in parent: String) throws -> ScenarioResult {
        if let reason = scenario.onlyInProcess {
            return ScenarioResult(notRun: scenario, reason: "only in process: \(reason)")
        }
        if scenario.needsOtherUser, geteuid() != 0 {
            return ScenarioResult(
                notRun: scenario, reason: "only root can be another user for a while")
        }
        let folder = try LabFolder(scenario.stage, in: parent)
        defer { folder.remove() }
        let service = try LabServiceProcess(
            scenario: scenario.file, source: folder.source, mountPoint: folder.mountPoint)
        defer {
            service.finish(seconds: 10)
            // The service had to be killed.
            if Unmounting.isDead(FilePath(folder.mountPoint)) {
                _ = try? Unmounting.unmount(FilePath(folder.mountPoint), force: true, lazy: true)
            }
        }
        let ready = service.ready()
        guard let name = ready.fileSystemName else {
            let status = ready.exitCode.flatMap(CommandStatus.init) ?? .internalError
            throw CommandError(status, ready.problem ?? "The service did not begin.")
        }
        let stage = MountStage(
            scenario, service, mountPoint: folder.mountPoint, fileSystemName: name)
        return ScenarioRunner().run(scenario, on: stage)
    }
}

extension Scenario {
    fileprivate var needsOtherUser: Bool {
        steps.contains { step in
            if case .open(_, let description) = step.action {
                description.isOrdinaryUser
            } else {
                false
            }
        }
    }
}
