/// The place where a script runs: in this process, or on a mount.
///
/// Usable from any thread, several actions at once.
public protocol ScenarioStage: AnyObject, Sendable {
    /// The file system's name in its vetoes.
    var fileSystemName: String { get }
    var isMount: Bool { get }

    /// Does an action and returns when it is done, which may take long. Never gets
    /// ``Action/start(name:_:)``, ``Action/stillWaiting(name:)`` or ``Action/returned(name:)``.
    func perform(_ action: Action) -> Outcome

    /// Releases everything that the script holds, so that waiting actions can end.
    func releaseAll()

    /// Closes all handles and reports what was left wrong. No action is performed afterwards.
    func end() -> [String]
}
