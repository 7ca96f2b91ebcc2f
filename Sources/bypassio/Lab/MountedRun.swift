import BypassIOLab

/// A scenario on a real mount.
enum MountedRun {
    static func run(_ scenario: Scenario, in folder: String) throws -> ScenarioResult {
        throw CommandError(.unavailable, "not there yet.")
    }
}
