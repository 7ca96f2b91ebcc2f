import BypassIOProtocol
import FUSE
import Logging
import SystemPackage

/// Logs events of the session that serves a mount, and with `-o debug` each of its requests.
extension ServiceLog: SessionObserver {
    var wantsRequests: Bool { logger.logLevel <= .debug }

    func saw(_ event: SessionEvent) {
        switch event {
        case .ended(let error):
            record(.channelEnded, .info, "nothing comes from the kernel any more: \(error)") {
                $0.errno = error.rawValue
            }
        case .threadRefused(let error):
            record(
                .problem, .warning, of: "threads",
                "no further thread is to be had (\(error)): requests wait for those there are"
            ) { $0.errno = error.rawValue }
        case .replyRefused(let unique):
            record(
                .problem, .error, of: "reply",
                "the kernel did not understand the reply to \(unique)")
        case .request(let request):
            logger.tell(.request, .debug, request.line)
        }
    }
}

extension CarriedRequest {
    /// `14 READ node 3 size 4096: 4096 bytes, 87 us`.
    fileprivate var line: String {
        let (seconds, attoseconds) = duration.components
        let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        let end =
            switch outcome {
            case .answered(let bytes): "\(bytes) bytes"
            case .failed(let error): "errno \(error.rawValue) (\(error))"
            case .noted: "has no answer"
            case .answeredLate: "answered, and nobody waits any more"
            }
        return "\(unique) \(operation) node \(node) size \(size): \(end), \(microseconds) us"
    }
}
