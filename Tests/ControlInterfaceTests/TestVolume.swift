import BypassIOProtocol
import ControlInterface
import LinuxKit
import Locks
import SystemPackage
import TestSupport

/// A volume that is made up, with as many filters as a test wants, whose answers can be held.
final class TestVolume: ControlledVolume {
    private let gate: HeldAnswers?

    init(heldBy gate: HeldAnswers? = nil) { self.gate = gate }

    func identity(_ clients: ServiceReport.Clients) -> ServiceReport {
        ServiceReport(
            version: "0", process: 1, source: "/source", mountPoint: "/mnt/volume", device: "0:1",
            isMounted: true, clients: clients)
    }

    func events(after number: UInt64, limit: Int) -> EventPage {
        let events = Self.events.filter { $0.number > number }.prefix(limit)
        return EventPage(events: Array(events), lost: 0, next: events.last?.number ?? number)
    }

    /// Three events.
    static let events: [ServiceEvent] = (1...UInt64(3)).map { number in
        var event = ServiceEvent(.paused, .info, "event \(number)")
        event.number = number
        event.time = "2026-03-01T12:00:00.000000Z"
        return event
    }

    /// Ends at once.
    func newsOfEvents() -> AsyncStream<Void> { AsyncStream { $0.finish() } }

    func beginActivity() -> @Sendable (Int) -> ActivityReport {
        { limit in
            ActivityReport(
                seconds: 1, openHandles: limit, handlesWithBypass: 0, routes: [:], filters: [],
                files: [], processes: [])
        }
    }

    func timeCallbacks() {}

    func beginTrace(_ order: TraceOrder) throws(ControlFault) -> any RunningTrace {
        if order.path == "refused" { throw ControlFault(503, "too-many-traces", "Too many.") }
        return TestTrace(order)
    }

    func tallies() -> VolumeTallies {
        var tallies = VolumeTallies()
        tallies.callbacks = [
            VolumeTallies.Callbacks(
                filter: "a filter", altitude: "1", operation: "IRP_MJ_SET_INFORMATION",
                times: LatencyReport(counts: [1, 2], nanoseconds: 200)),
            VolumeTallies.Callbacks(
                filter: "a filter", altitude: "1", operation: "IRP_MJ_READ",
                times: LatencyReport(counts: [], nanoseconds: 0)),
        ]
        tallies.requests = [
            VolumeTallies.Requests(
                operation: "read", route: .serviceBypass,
                times: LatencyReport(counts: [0, 4], nanoseconds: 400))
        ]
        tallies.vetoes = [VolumeTallies.Vetoes(driver: "a \"filter\"", cause: "STATUS", count: 3)]
        tallies.events.byKind = [.vetoed: 3]
        tallies.events.lost = 5
        tallies.lostLogLines = 7
        return tallies
    }

    func filters() -> FiltersReport {
        FiltersReport(filters: [], allowed: nil, isBypassBlocked: false)
    }

    func instances() -> [InstanceReport] { [] }

    func load(_ order: AttachOrder) throws(ControlFault) -> AttachReport {
        try attach(order)
    }

    func attach(_ order: AttachOrder) throws(ControlFault) -> AttachReport {
        gate?.wait()
        return AttachReport(instance: Self.instance(order.filter), effect: nil)
    }

    func unload(_ filter: String, isForced: Bool) throws(ControlFault) -> DetachReport {
        try detach(filter, isForced: isForced)
    }

    func detach(_ instance: String, isForced: Bool) throws(ControlFault) -> DetachReport {
        if !isForced { gate?.wait() }
        guard instance == "a filter - 1" else {
            throw ControlFault(404, "no-such-instance", "No filter \(instance) is attached.")
        }
        return DetachReport(isGone: !isForced, requestsWithin: 0)
    }

    func set(
        _ instance: String, _ settings: [String: String]
    ) throws(ControlFault) -> InstanceReport {
        Self.instance(instance, settings)
    }

    func questions() -> [QuestionReport] { [Self.question("program")] }

    func answer(
        _ question: UInt64, _ order: AnswerOrder
    ) throws(ControlFault) -> QuestionReport {
        guard question == 1 else {
            throw ControlFault(404, "no-such-question", "There is no question \(question).")
        }
        return Self.question("\(order.answer) \(order.scope)")
    }

    func verdicts(
        on path: String, program: String?, user: UInt32
    ) throws(ControlFault) -> [PolicyVerdictReport] {
        [Self.verdict("\(path) \(program ?? "") \(user)")]
    }

    static func question(_ program: String?) -> QuestionReport {
        QuestionReport(
            number: 1, path: "file", operation: "read", program: program, process: 1, user: 0,
            profile: "secrets", line: 1, rule: "ask *", waiting: 1)
    }

    static func verdict(_ rule: String?) -> PolicyVerdictReport {
        PolicyVerdictReport(
            operation: "read", action: "ask", profile: rule.map { _ in "secrets" },
            line: rule.map { _ in 1 }, rule: rule, path: "file")
    }

    /// One that answers as ``TestPort`` does, and one that nobody may connect to.
    func ports() -> [PortReport] { [Self.port("echo"), Self.port("shut")] }

    static func port(_ name: String) -> PortReport {
        PortReport(
            name: name, filter: "a filter", connections: 0, limit: 1, longestMessage: 64, sent: 1,
            received: 2, refused: 3)
    }

    func connect(_ order: PortOrder) throws(ControlFault) -> any ConnectedPort {
        guard order.port != "shut" else { throw ControlFault(403, "port-refuses", "No.") }
        guard order.port == "echo" else { throw ControlFault(404, "no-such-port", "None.") }
        return TestPort(order)
    }

    func restart() throws(ControlFault) -> RestartReport {
        gate?.wait()
        return RestartReport(process: 2, pauseMilliseconds: 3)
    }

    static func instance(
        _ filter: String, _ settings: [String: String] = [:]
    ) -> InstanceReport {
        InstanceReport(
            filter: filter, volume: "/source", altitude: "1", instance: "\(filter) - 1", frame: 0,
            features: 8, status: "", preCallbacks: 0, postCallbacks: 0, requestsWithin: 0,
            settings: settings)
    }

    func report() throws(ControlFault) -> VolumeReport {
        gate?.wait()
        return VolumeReport(
            volume: "/source", offersBypass: true, fileSystem: "ext4", storageType: "NVMe",
            activeBypassCount: 0,
            suspend: "strict", openHandles: 0, knownInodes: 1, filters: [], supportedFeatures: [],
            reads: VolumeReport.Reads(
                traditional: 0, storageBypass: 0, filterBypass: 0, fullBypass: 0),
            routes: [:], traditionalBecause: [:],
            kernelRoute: VolumeReport.KernelRoute(isOffered: false, openHandles: 0, gatedReads: 0))
    }
}

/// A trace of as many requests as its order's path says, two of which are lost.
final class TestTrace: RunningTrace {
    private let left: Monitor<(requests: Int, lost: UInt64)>
    private let process: Int32

    init(_ order: TraceOrder) {
        left = Monitor((requests: order.path.flatMap { Int($0) } ?? 0, lost: 2))
        process = order.process ?? 0
    }

    /// Never says anything, nor ends: the time does.
    func news() -> AsyncStream<Void> { AsyncStream { _ in } }

    func page(limit: Int) -> TracePage {
        left.withLock { left in
            let count = min(limit, left.requests)
            left.requests -= count
            let lost = left.requests == 0 ? left.lost : 0
            if lost > 0 { left.lost = 0 }
            let records = (0..<count).map { index in
                TraceRecord(
                    number: UInt64(index) + 1, time: "", begin: 1, nanoseconds: 2,
                    operation: "READ", unique: 1, process: process, thread: 1, user: 0, layers: [],
                    furtherLayers: 0)
            }
            return TracePage(records: records, lost: lost)
        }
    }

    func stop() {}
}

/// Holds whoever asks until it is opened.
final class HeldAnswers: Sendable {
    private struct State {
        var isOpen = false
        var waiting = 0
    }

    private let state = Monitor(State())

    func wait() {
        state.withLock { $0.waiting += 1 }
        state.wait(until: \.isOpen) { _ in }
    }

    /// Returns when so many wait.
    func await(_ count: Int) { state.wait(until: { $0.waiting >= count }) { _ in } }

    func open() { state.withLock { $0.isOpen = true } }
}

/// A control interface of a made-up volume at a socket of its own.
final class TestServer {
    let folder: TemporaryFolder
    let socket: FilePath
    let server: ControlServer

    init(
        _ volume: TestVolume = TestVolume(), threads: ThreadStart = .own,
        _ change: (inout ControlLimits) -> Void = { _ in }
    ) throws {
        folder = try TemporaryFolder()
        socket = folder.path.appending("volume.sock")
        var limits = ControlLimits()
        change(&limits)
        server = try ControlServer.start(
            ControlSocket(ControlPlace(path: socket)), volume, limits: limits,
            on: ControlExecutor(), threads: threads)
    }

    /// At the end of a test, which keeps it alive until then.
    func end() { server.end() }

    var client: ControlClient { ControlClient(socket: socket, patience: .seconds(600)) }

    /// Sends bytes as they are, and answers what comes until the service ends the connection.
    func talk(_ text: String) throws -> String {
        let connection = try RawClient(socket)
        try connection.send(text)
        return try connection.rest()
    }
}

/// A connection whose bytes the test chooses.
final class RawClient: Sendable {
    private let owned: OpenFile
    private var socket: FileDescriptor { owned.descriptor }

    init(_ path: FilePath) throws {
        owned = OpenFile(try SystemCall.streamSocket(waits: true))
        try SystemCall.setPatience(of: socket, milliseconds: 60_000)
        try SystemCall.connect(socket, to: path)
    }

    /// At a port.
    init(_ address: ControlPort.Address) throws {
        owned = OpenFile(
            try SystemCall.connectToLoopback(address.host, port: address.port))
        try SystemCall.setPatience(of: socket, milliseconds: 60_000)
    }

    func send(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty, let sent = try taken(rest) { rest = rest.dropFirst(sent) }
    }

    /// nil when the service has ended the connection.
    private func taken(_ bytes: ArraySlice<UInt8>) throws(Errno) -> Int? {
        do throws(Errno) {
            return try SystemCall.send(bytes, to: socket)
        } catch {
            if error == .brokenPipe || error == .connectionReset { return nil }
            throw error
        }
    }

    /// Empty when the service has ended the connection.
    private func more() throws(Errno) -> [UInt8] {
        do throws(Errno) {
            return try SystemCall.receive(from: socket, atMost: 4096)
        } catch {
            if error == .connectionReset { return [] }
            throw error
        }
    }

    /// Until the service ends the connection.
    func rest() throws -> String {
        var text: [UInt8] = []
        var piece = try more()
        while !piece.isEmpty {
            text += piece
            piece = try more()
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Until that stands there.
    func until(_ mark: String) throws -> String {
        var text = ""
        while !text.contains(mark) {
            let piece = try more()
            if piece.isEmpty { break }
            text += String(decoding: piece, as: UTF8.self)
        }
        return text
    }
}
