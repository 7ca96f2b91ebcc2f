import BypassIOProtocol
import IOStack
import Logging

/// Logs events of the served volume. Nothing here waits or sends the stack a request.
extension ServiceLog: VolumeObserver {
    func saw(_ event: VolumeEvent, on volume: Volume) {
        switch event {
        case .attached(let filter, let altitude, let knowsBypassIO):
            let answer = knowsBypassIO ? "knows BypassIO" : "blocks BypassIO"
            logger.tell(
                .attach, .info, "filter \(filter) attached at altitude \(altitude), \(answer)")
        case .detached(let filter, let altitude):
            logger.tell(.detach, .info, "filter \(filter) detached from altitude \(altitude)")
        case .refused(_, let file, let veto):
            refused(file, veto)
        case .controlled(let operation, let file, let outcome):
            controlled(operation, file, outcome)
        case .kernelGate(let file, let move):
            moved(file, move)
        }
    }

    private func controlled(
        _ operation: BypassIOOperation, _ file: VolumeEvent.NamedFile,
        _ outcome: VolumeEvent.ControlOutcome
    ) {
        let isOfVolume = operation == .volumeStackPause || operation == .volumeStackResume
        let isPause = operation == .volumeStackPause || operation == .streamPause
        let what = isOfVolume ? "the volume stack" : file.path
        switch outcome {
        case .done where isPause:
            logger.tell(.pause, .info, "bypass of \(what) is paused")
        case .done:
            logger.tell(.resume, .info, "bypass of \(what) is resumed")
        case .refused(let veto):
            logger.tell(
                .resume, .notice,
                "bypass of \(what) stays paused: \(veto.driver) refuses "
                    + "(\(veto.status.shortName)): \(veto.reason)")
        case .failed(let failure) where isPause:
            logger.tell(
                .pause, .warning, "bypass of \(what) could not be paused: \(failure)")
        case .failed(let failure):
            logger.tell(.error, .warning, "\(operation) of \(what) failed: \(failure)")
        }
    }

    private func moved(_ file: VolumeEvent.NamedFile, _ move: VolumeEvent.GateMove) {
        switch move {
        case .closed(let cause):
            logger.tell(
                .gate, .info, "the kernel asks before it reads \(file.path), because \(cause)")
        case .opened:
            logger.tell(.gate, .info, "the kernel reads \(file.path) without asking")
        case .stuck(let cause, let failure):
            logger.tell(
                .gate, .warning,
                "the kernel reads \(file.path) without asking, although \(cause): \(failure)")
        }
    }
}

extension NTStatus {
    /// The name in Windows' headers; the number if they have none.
    var shortName: String { name ?? "\(self)" }
}
