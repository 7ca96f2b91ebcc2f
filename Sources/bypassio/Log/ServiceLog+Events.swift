import BypassIOProtocol
import IOStack
import Logging
import ServiceEvents
import SystemPackage
import Terminal

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
        case .problem: .error
        case .channelEnded: .channel
        case .attached, .optionSet: .attach
        case .detached: .detach
        case .vetoed, .found: nil
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
