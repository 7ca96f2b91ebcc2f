import BypassIOProtocol
import IOStack
import Scanning

extension ServiceLog {
    func scanFailed(_ words: String) { record(.problem, .error, of: "scan", words) }

    /// What the scanner has to tell.
    func scanned(_ event: ScanEvent) {
        let (kind, severity) = Self.sort(of: event)
        record(
            kind, severity,
            of: "\(event.kind.rawValue) \(event.path ?? "") \(event.signature ?? "")",
            Self.text(event)
        ) { told in
            told.driver = "scan"
            told.path = event.path
            told.reason = event.signature.map { "The file holds the signature \($0)" }
            if told.reason == nil { told.reason = event.reason }
            told.cause = event.kind.rawValue
        }
    }

    private static func sort(of event: ScanEvent) -> (ServiceEvent.Kind, ServiceEvent.Severity) {
        switch event.kind {
        case .infected: (.found, .warning)
        case .refused: event.isAllowed ? (.found, .warning) : (.denied, .notice)
        case .unscanned: event.isAllowed ? (.undecided, .warning) : (.denied, .warning)
        case .quarantined: (.found, .warning)
        case .notQuarantined: (.problem, .error)
        case .away: (.problem, .error)
        case .back: (.problem, .info)
        case .updated: (.optionSet, .info)
        }
    }

    private static func text(_ event: ScanEvent) -> String {
        let path = event.path ?? ""
        let reason = event.reason ?? ""
        let signature = event.signature ?? ""
        let who = event.process == 0 ? "" : " for process \(event.process) of user \(event.user)"
        switch event.kind {
        case .infected: return "scan found the signature \(signature) in \(path)\(who)"
        case .refused:
            let end = event.isAllowed ? "lets it be read" : "does not let it be read"
            return "scan \(end): \(path) holds the signature \(signature)\(who)"
        case .unscanned:
            let end = event.isAllowed ? "it can be read" : "it cannot be read"
            return "scan has no verdict on \(path), \(end)\(who): \(reason)"
        case .quarantined:
            return "scan took \(path) away, which holds the signature \(signature): \(reason)"
        case .notQuarantined:
            return
                "scan cannot take \(path) away, which holds the signature \(signature): \(reason)"
        case .away:
            let end = event.isAllowed ? "can be read" : "cannot be read"
            return "scan cannot ask clamd, files that it does not know \(end): \(reason)"
        case .back: return "scan can ask clamd again"
        case .updated: return "scan sees other signatures, files are scanned again: \(reason)"
        }
    }
}
