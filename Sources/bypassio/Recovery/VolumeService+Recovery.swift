import BypassIOMount
import FUSE
import Foundation
import LinuxKit
import Logging
import SystemPackage

/// A service whose place another process takes if it dies.
extension VolumeService {
    /// Everything is there again, and nothing is served yet: from here on this process' keeper
    /// counts, not that of the service that died.
    func takeOver(from handover: ServiceHandover) {
        guard let died = handover.died else { return }
        recovery?.begin(for: self)
        died.set(.isTaken, to: 1)
    }

    /// The log says why this process does not take over; the keeper tries again. At a terminal the
    /// command's own end shows it.
    static func logFailure(_ error: any Error, of handover: ServiceHandover, _ log: ServiceLog) {
        guard handover.died != nil, log.destination != .standardError else { return }
        let words = (error as? CommandError)?.message ?? "\(error)"
        log.logger.tell(
            .error, .error, "the service died, and this process cannot take over: \(words)")
        log.end()
    }

    /// The log says what happened.
    func logTakeover(from handover: ServiceHandover) {
        guard handover.died != nil else { return }
        log.logger.tell(
            .error, .warning,
            "the service before this one died; process \(SystemCall.ownProcess) serves "
                + "\(mounted.mountPoint) from now on")
    }
}

extension ServiceHandover {
    /// What a service left behind that has died, and whose keeper started this process; nil if none
    /// did. Throws a ``CommandError``.
    static func recovered() throws -> ServiceHandover? {
        let numbers = ProcessInfo.processInfo.environment[ServiceRecovery.variable]?
            .split(separator: ",").compactMap { Int32($0) }
        guard let numbers, numbers.count == 2, numbers[1] == SystemCall.parentProcess else {
            return nil
        }
        do {
            let died = try RecoveryTable(memory: numbers[0])
            let unmounter = Int32(clamping: died[.unmounter])
            if unmounter > 0 {
                try SystemCall.closeOnExec(FileDescriptor(rawValue: unmounter))
            }
            return ServiceHandover(
                state: try ServiceState(recovering: died),
                unmounter: unmounter > 0 ? unmounter : nil, channel: nil, died: died)
        } catch {
            throw CommandError(
                .internalError, "what the service left that died was not understood: \(error)")
        }
    }
}
