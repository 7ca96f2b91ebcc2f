import BypassIOMount
import BypassIOProtocol
import ControlInterface
import Dispatch
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
        case .syslog(let socket): try DatagramSink(socket) { $0.syslog }
        case .journal(let socket): try DatagramSink(socket) { $0.journal }
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
