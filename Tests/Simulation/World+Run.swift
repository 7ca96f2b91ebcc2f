/// What each step does.
extension World {
    /// Returns what came of it, for the journal.
    func run(_ operation: Operation) -> String {
        switch operation.step.verb {
        case .open, .create: open(operation)
        case .close: close(operation)
        case .read: read(operation)
        case .write: write(operation)
        case .truncate: truncate(operation)
        case .truncateName: truncateName(operation)
        case .allocate: allocate(operation)
        case .sync: sync(operation)
        case .size: size(operation)
        case .rename: rename(operation)
        case .unlink: unlink(operation)
        case .link: link(operation)
        case .list: list(operation)
        case .forget: forget(operation)
        case .moveDirectory: moveDirectory(operation)
        case .mode: changeMode(operation)
        case .control: control(operation)
        case .garbage: garbage(operation)
        case .attach: attach(operation)
        case .detach: detach(operation)
        case .veto: setVeto(true, operation)
        case .unveto: setVeto(false, operation)
        case .pause: pause(operation)
        case .resume: resume(operation)
        case .withdraw: withdraw(operation)
        case .restore: restore(operation)
        case .volumePause: pauseVolume(operation)
        case .volumeResume: resumeVolume(operation)
        case .suspend: suspend(operation)
        case .endSuspension: endSuspension(operation)
        case .kill: "the director's"
        }
    }
}
