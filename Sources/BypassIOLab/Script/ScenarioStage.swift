/// Where a script is played: in this process, or on a mount.
///
/// Usable from any thread, several actions at once.
public protocol ScenarioStage: AnyObject, Sendable {
    /// What vetoes of the file system carry.
    var fileSystemName: String { get }
    var isMount: Bool { get }

    /// Does one action and returns when it is done, which may be long; never one of
    /// ``Action/start(name:_:)``, ``Action/stillWaiting(name:)`` and ``Action/returned(name:)``.
    func perform(_ action: Action) -> Outcome

    /// Lets everything go that the script holds, so that what waits can end.
    func releaseAll()

    /// Closes what is open and says what was left wrong; nothing is performed any more.
    func end() -> [String]
}
