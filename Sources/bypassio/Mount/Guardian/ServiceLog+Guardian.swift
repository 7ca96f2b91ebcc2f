import HostFileSystem
import Logging

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
