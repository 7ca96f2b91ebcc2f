import BypassIOProtocol
import IOStack
import Logging
import ServiceEvents
import SystemPackage
import Terminal

/// Logs events of the served volume. Nothing here waits or sends the stack a request.
extension ServiceLog: VolumeObserver {
    func saw(_ event: VolumeEvent, on volume: Volume) {
        switch event {
        case .attached(let filter, let altitude, let knowsBypassIO):
            let answer = knowsBypassIO ? "knows BypassIO" : "blocks BypassIO"
            record(
                .attached, .info, of: filter,
                "filter \(filter) attached at altitude \(altitude), \(answer)"
            ) { $0.set(filter, altitude) }
        case .detached(let filter, let altitude):
            record(
                .detached, .info, of: filter,
                "filter \(filter) detached from altitude \(altitude)"
            ) { $0.set(filter, altitude) }
        case .refused(let operation, let file, let veto):
            refused(operation, file, veto)
        case .controlled(let operation, let file, let outcome):
            controlled(operation, file, outcome)
        case .suspended(let file, let cause):
            record(
                .suspended, .info, of: cause.description, file: file,
                "bypass of \(file.path) is suspended: \(cause)"
            ) { $0.cause = cause.description }
        case .suspensionEnded(let file, let cause):
            record(
                .suspensionEnded, .info, of: cause.description, file: file,
                "bypass of \(file.path) is suspended no more by this: \(cause)"
            ) { $0.cause = cause.description }
        case .kernelGranted(let file):
            // Of all files together: each open of one would be an event.
            events?.record(EventKey(.kernelGranted)) {
                var event = ServiceEvent(
                    .kernelGranted, .info, "the kernel reads \(file.path.onOneLine) itself")
                event.path = file.path
                return event
            }
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
        let place = isOfVolume ? nil : file
        switch outcome {
        case .done where isPause:
            record(.paused, .info, of: operation.word, file: place, "bypass of \(what) is paused") {
                $0.operation = operation.word
            }
        case .done:
            record(.resumed, .info, of: operation.word, file: place, "bypass of \(what) is resumed")
            {
                $0.operation = operation.word
            }
        case .refused(let veto):
            record(
                .resumeRefused, .notice, of: veto.driver, file: place,
                "bypass of \(what) stays paused: \(veto.driver) refuses "
                    + "(\(veto.status.shortName)): \(veto.reason)"
            ) { event in
                event.operation = operation.word
                event.set(veto)
            }
        case .failed(let failure):
            let words =
                isPause
                ? "bypass of \(what) could not be paused: \(failure)"
                : "\(operation) of \(what) failed: \(failure)"
            record(
                isPause ? .pauseFailed : .problem, .warning, of: operation.word, file: place, words
            ) { event in
                event.operation = operation.word
                event.set(failure)
            }
        }
    }

    private func moved(_ file: VolumeEvent.NamedFile, _ move: VolumeEvent.GateMove) {
        switch move {
        case .closed(let cause):
            record(
                .gateClosed, .info, of: cause.description, file: file,
                "the kernel asks before it reads \(file.path), because \(cause)"
            ) { $0.cause = cause.description }
        case .opened:
            record(.gateOpened, .info, file: file, "the kernel reads \(file.path) without asking")
        case .stuck(let cause, let failure):
            record(
                .gateStuck, .warning, of: cause.description, file: file,
                "the kernel reads \(file.path) without asking, although \(cause): \(failure)"
            ) { event in
                event.cause = cause.description
                event.set(failure)
            }
        }
    }
}

extension ServiceEvent {
    fileprivate mutating func set(_ filter: String, _ altitude: Altitude) {
        driver = filter
        self.altitude = altitude.description
    }
}

extension NTStatus {
    /// The name in Windows' headers; the number if they have none.
    var shortName: String { name ?? "\(self)" }
}

extension BypassIOOperation {
    /// As Windows' headers call it; the number where they do not.
    var word: String { windowsName ?? "\(rawValue)" }
}

/// What of the recorded events goes into the log.
extension ServiceLog {
    /// Vetoes and findings have rules of their own there: ``refused(_:_:_:)``, ``found(_:)``.
    static func log(_ event: ServiceEvent, _ logger: Logger) {
        guard let kind = event.kind.logKind else { return }
        let again = event.count == 1 ? "" : " (\(event.count) times)"
        var metadata: Logger.Metadata = [LogLine.kindKey: "\(kind.rawValue)"]
        for (name, value) in event.journalFields { metadata[name] = "\(value)" }
        logger.log(
            level: event.severity.level, "\(event.text)\(again)", metadata: metadata)
    }

    /// Of this subject the event is told once in a second.
    func record(
        _ kind: ServiceEvent.Kind, _ severity: ServiceEvent.Severity, of subject: String = "",
        file: VolumeEvent.NamedFile? = nil, _ text: @autoclosure () -> String,
        _ fill: (inout ServiceEvent) -> Void = { _ in }
    ) {
        events?.record(EventKey(kind, of: subject, file: file?.id.hashValue ?? 0)) {
            var event = ServiceEvent(kind, severity, text().onOneLine)
            event.path = file?.path
            fill(&event)
            return event
        }
    }
}

extension ServiceEvent {
    mutating func set(_ veto: BypassVeto) {
        driver = veto.driver
        status = veto.status.rawValue
        statusName = veto.status.name
        reason = veto.reason
    }

    mutating func set(_ failure: IOFailure) {
        status = failure.status.rawValue
        statusName = failure.status.name
        errno = failure.errno.rawValue
    }

    /// For systemd's journal: `journalctl BYPASSIO_EVENT=30`.
    var journalFields: [(String, String)] {
        let fields: [(String, String?)] = [
            ("BYPASSIO_EVENT", String(id)),
            ("BYPASSIO_COUNT", count == 1 ? nil : String(count)),
            ("BYPASSIO_DRIVER", driver), ("BYPASSIO_ALTITUDE", altitude),
            ("BYPASSIO_PATH", path), ("BYPASSIO_OPERATION", operation),
            ("BYPASSIO_STATUS", statusName ?? status.map { String($0) }),
            ("BYPASSIO_REASON", reason), ("BYPASSIO_CAUSE", cause),
            ("BYPASSIO_ERRNO", errno.map { String($0) }),
        ]
        return fields.compactMap { name, value in
            value.map { (name, $0.onOneLine) }
        }
    }
}

extension ServiceEvent.Kind {
    /// nil: not by this way.
    fileprivate var logKind: LogKind? {
        switch self {
        case .mounted: .mount
        case .ended: .end
        case .problem, .storageFailed, .requestWaits: .error
        case .channelEnded: .channel
        case .attached, .optionSet: .attach
        case .detached: .detach
        case .vetoed, .found: nil
        case .denied, .asked, .undecided: .policy
        case .paused, .pauseFailed: .pause
        case .resumed, .resumeRefused: .resume
        // In each second in which files are opened or read through the cache there may be one.
        case .suspended, .suspensionEnded, .kernelGranted: nil
        case .gateClosed, .gateOpened, .gateStuck: .gate
        }
    }
}

extension ServiceEvent.Severity {
    fileprivate var level: Logger.Level {
        switch self {
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        }
    }
}
