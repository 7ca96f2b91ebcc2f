import BypassIOMount
import BypassIOProtocol
import ControlInterface
import Dispatch
import FUSE
import FilterKit
import IOStack
import Logging
import Minifilters
import ServiceEvents
import SystemPackage
import Terminal

/// The log of the process that serves a mount, and the events that are kept and told in it.
///
/// Any thread may call; nothing here waits for the log's reader.
final class ServiceLog: Sendable {
    /// Logs nothing.
    static let silent = ServiceLog()

    let logger: Logger
    let destination: LogDestination
    /// What happened, for whoever asks. nil only where nobody is told.
    let events: EventRecorder?
    private let writer: LogWriter?
    /// Lock order: leaves.
    private let vetoes = Guarded(Sightings())
    private let findings = Guarded(Sightings())
    private let vetoCounts = Guarded(VetoCounts())

    private init() {
        destination = .nowhere
        writer = nil
        events = nil
        logger = Logger(label: "bypassio") { _ in SwiftLogNoOpLogHandler() }
    }

    /// Opens the log, and starts its thread with the caller's signal mask; throws a
    /// ``CommandError`` if that fails.
    ///
    /// - Parameter isDebug: log a line for each request.
    init(_ destination: LogDestination, isDebug: Bool = false) throws {
        self.destination = destination
        do throws(Errno) {
            writer = try Self.sink(destination).map { sink throws(Errno) in try LogWriter(sink) }
            // At a terminal, standard output has reported the mount already.
            let usual: Logger.Level = destination == .standardError ? .notice : .info
            let level = isDebug ? .debug : usual
            let logger = Self.logger(writer, level)
            self.logger = logger
            events = try EventRecorder { Self.log($0, logger) }
        } catch {
            throw CommandError(
                .cannotCreate,
                "The log\(destination.place) cannot be written (\(error)): name another with --log."
            )
        }
    }

    private static func logger(_ writer: LogWriter?, _ level: Logger.Level) -> Logger {
        guard let writer else {
            return Logger(label: "bypassio") { _ in SwiftLogNoOpLogHandler() }
        }
        return Logger(label: "bypassio") { _ in ServiceLogHandler(writer, level) }
    }

    static func sink(_ destination: LogDestination) throws(Errno) -> (any LogSink)? {
        switch destination {
        case .nowhere: nil
        case .standardError: StandardErrorSink()
        case .file(let path): try FileSink(ArgumentPath.path(path))
        case .syslog(let socket):
            FormattedSink(receiver: try DatagramSink(socket)) { $0.syslog }
        case .journal(let socket):
            FormattedSink(receiver: try DatagramSink(socket)) { $0.journal }
        }
    }

    /// Whether SIGHUP has to reopen the log.
    var isReopened: Bool {
        if case .file = destination { true } else { false }
    }

    func reopen() { writer?.reopen() }

    /// Writes what is there, within a second or so.
    func end(within time: DispatchTimeInterval = .seconds(1)) {
        events?.end()
        writer?.end(within: time)
    }

    // MARK: What filters and the mount have to tell

    /// The log has the first veto of a driver for a file.
    func refused(
        _ operation: BypassIOOperation, _ file: VolumeEvent.NamedFile, _ veto: BypassVeto
    ) {
        vetoCounts.withLock { $0.count(veto) }
        events?.record(EventKey(.vetoed, of: veto.driver, file: file.id.hashValue)) {
            var event = ServiceEvent(
                .vetoed, .notice,
                "\(veto.driver) refuses BypassIO for \(file.path.onOneLine) "
                    + "(\(veto.status.shortName)): \(veto.reason.onOneLine)")
            event.operation = operation.word
            event.path = file.path
            event.set(veto)
            return event
        }
        guard vetoes.withLock({ $0.count(veto.driver, of: file.id) }) == 1 else { return }
        logger.tell(
            .veto, .notice,
            "\(veto.driver) refuses BypassIO for \(file.path) (\(veto.status.shortName)): \(veto.reason)"
        )
    }

    /// Logs the 1st, 10th, 100th … find of the same signature in a file.
    func found(_ finding: ScanFinding) {
        events?.record(EventKey(.found, of: finding.signature, file: finding.file.hashValue)) {
            var event = ServiceEvent(
                .found, .warning,
                "contentscan found the signature \(finding.signature) in \(finding.path.onOneLine)")
            event.driver = "contentscan"
            event.path = finding.path
            event.reason = finding.signature
            return event
        }
        let count = findings.withLock { $0.count(finding.signature, of: finding.file) }
        guard Self.isPowerOfTen(count) else { return }
        let who = finding.requestor
        logger.tell(
            .finding, .warning,
            """
            contentscan found the signature \(finding.signature) in \(finding.path) by a \
            \(finding.occasion.rawValue) for process \(who.processID) of user \(who.userID)\
            \(count == 1 ? "" : ", \(count) times so far")
            """)
    }

    func recorded(_ record: AuditRecord, path: String) {
        logger.tell(
            .read, .notice,
            """
            read \(record.number) of \(path): \(record.length) bytes at \(record.offset) by process \
            \(record.processID) of user \(record.userID), \(record.succeeded ? "done" : "not done")
            """)
    }

    func auditFailed(_ words: String) {
        record(.problem, .error, of: "audit", words)
    }

    /// What metrics tell of the log's and the events' counters.
    func addTallies(to tallies: inout VolumeTallies) {
        tallies.vetoes = vetoCounts.withLock { $0.tallies }
        tallies.lostLogLines = writer?.lostLines ?? 0
        if let events { tallies.events = events.tallies }
    }

    /// Logs how often the events happened that were logged once.
    func tellTotals() {
        for (driver, count) in vetoes.withLock({ $0.totals }).sorted(by: { $0.key < $1.key }) {
            logger.tell(.total, .info, "vetoes by \(driver) so far: \(count)")
        }
        for (name, count) in findings.withLock({ $0.totals }).sorted(by: { $0.key < $1.key }) {
            logger.tell(.total, .info, "findings of the signature \(name) so far: \(count)")
        }
    }

    private static func isPowerOfTen(_ count: UInt64) -> Bool {
        var rest = count
        while rest > 9, rest.isMultiple(of: 10) { rest /= 10 }
        return rest == 1
    }
}

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
        case .storageFailed(let error):
            let isFull = error == .noSpace || error == .diskQuotaExceeded
            record(
                .storageFailed, isFull ? .warning : .error, of: "\(error.rawValue)",
                "a program's request failed by the source or by a filter: \(error)"
            ) { $0.errno = error.rawValue }
        case .waitsLong(let duration, let user, let isKept):
            let cause = isKept ? "a filter or a pause keeps it" : "the source does not answer"
            record(
                .requestWaits, .warning, of: "\(isKept) \(user)",
                "a request of user \(user) has waited for \(duration.components.seconds) s: \(cause)"
            ) { $0.cause = isKept ? "filter" : "source" }
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

/// Counts vetoes by driver and status. A value under its owner's lock.
///
/// Bounded: drivers come and go while a volume is mounted, and further ones are not counted.
struct VetoCounts: Sendable {
    private struct Key: Hashable {
        let driver: String
        let status: NTStatus
    }

    private static let limit = 1024

    private var counts: [Key: UInt64] = [:]

    mutating func count(_ veto: BypassVeto) {
        let key = Key(driver: veto.driver, status: veto.status)
        guard counts[key] != nil || counts.count < Self.limit else { return }
        counts[key, default: 0] += 1
    }

    var tallies: [VolumeTallies.Vetoes] {
        counts.map { key, count in
            VolumeTallies.Vetoes(driver: key.driver, cause: key.status.shortName, count: count)
        }.sorted { ($0.driver, $0.cause) < ($1.driver, $1.cause) }
    }
}

/// Counts repeated events, so that the log reports each once. A value under its owner's lock.
///
/// Bounded: it forgets events that did not recur for long, and the log reports them again.
struct Sightings: Sendable {
    struct Key: Hashable, Sendable {
        let file: FileID
        /// A filter, or a signature.
        let what: String
    }

    private static let limit = 4096

    private var counts = RecentTable<Key, UInt64>(capacity: limit)
    /// For each filter or signature, over all files.
    private(set) var totals: [String: UInt64] = [:]

    /// Counts the event; returns how often it occurred, this time included.
    mutating func count(_ what: String, of file: FileID) -> UInt64 {
        let key = Key(file: file, what: what)
        let count = (counts.value(of: key) ?? 0) + 1
        counts.set(count, for: key)
        totals[what, default: 0] += 1
        return count
    }
}
