import BypassIOProtocol
public import IOStack
import SystemPackage

/// Has files scanned before they are read, and after the last writer closed them (docs/scan.md).
///
/// A file that is clean bypasses the filter. A change pauses it; a scan that finds nothing resumes
/// it. A file that holds a signature cannot be opened for reading.
///
/// Any thread. Requests that wait for a scan are pended. Lock order: `counted` and `roots` are
/// leaves, as are those of the table, the desk and a file.
public final class ScanFilter: Filter {
    public let name = "scan"
    /// Lies in FSFilter Anti-Virus.
    public let altitude = Altitude(integer: 328_760)
    public let kernelReads: KernelReadTerms? = .stoppable
    public let contexts: Set<ContextKind> = [.stream]

    /// What the filter needs beside the volume.
    public struct Surroundings: Sendable {
        /// Gets each event, on the thread that made it. It must neither wait nor send requests.
        public var report: @Sendable (ScanEvent) -> Void
        /// The time by which file systems stamp files.
        public var now: @Sendable () -> FileTime
        /// Where verdicts outlive the filter.
        public var store: (any VerdictKeeping)?
        /// Brings what programs wrote to the disk, as far as it lies on the file system of the
        /// volume's root; false where it cannot.
        public var sync: @Sendable () -> Bool
        /// Where infected files go.
        public var quarantine: (any Quarantining)?

        public init(
            report: @escaping @Sendable (ScanEvent) -> Void = { _ in },
            now: @escaping @Sendable () -> FileTime = { SystemClock.now },
            store: (any VerdictKeeping)? = nil, sync: @escaping @Sendable () -> Bool = { false },
            quarantine: (any Quarantining)? = nil
        ) {
            self.report = report
            self.now = now
            self.store = store
            self.sync = sync
            self.quarantine = quarantine
        }
    }

    let engine: any ScanEngine
    public let settings: ScanSettings
    let surroundings: Surroundings
    let table: VerdictTable
    let desk: ScanDesk
    let watch: SignatureWatch
    let parked = ParkedFiles()
    let changes = RecentChanges()
    private let counted = Guarded(ScanCounts())
    /// The device of each volume's root.
    private let roots = Guarded<[ObjectIdentifier: UInt64]>([:])
    /// Held while the store is used.
    private let storing = Guarded<Void>(())
    private let attached = Guarded<[FilterInstance]>([])

    public init(
        _ engine: any ScanEngine, _ settings: ScanSettings = ScanSettings(),
        _ surroundings: Surroundings = Surroundings()
    ) {
        self.engine = engine
        self.settings = settings
        self.surroundings = surroundings
        table = VerdictTable(capacity: settings.verdicts)
        desk = ScanDesk(width: settings.width, patience: settings.patience)
        watch = SignatureWatch(engine)
    }

    // MARK: For people

    public var counts: ScanCounts { counted.withLock { $0 } }
    /// Files whose verdict is known.
    public var known: Int { table.count }
    /// Requests that wait, and files that wait or are being scanned.
    public var waiting: Int { desk.counts.waiting }
    public var queued: Int { desk.counts.queued }
    /// The version of the engine's signatures; nil: it never answered.
    public var signatures: String? { watch.version }
    /// Why the engine cannot be asked; nil: it can.
    public var away: String? { watch.away }

    func count(_ body: (inout ScanCounts) -> Void) { counted.withLock { body(&$0) } }

    func tell(_ event: ScanEvent) { surroundings.report(event) }

    // MARK: Coming and going

    public func didAttach(_ instance: FilterInstance) {
        let root = try? instance.open(
            CreateParameters(path: "", access: [], options: .attributesOnly))
        if let root {
            let device = root.stream.id.device
            roots.withLock { $0[ObjectIdentifier(instance)] = device }
            root.close()
        }
        let isFirst = attached.withLock { attached in
            attached.append(instance)
            return attached.count == 1
        }
        guard isFirst else { return examineBypassed(by: instance) }
        engine.resume()
        desk.begin()
        watch.begin(changed: { [weak self] in self?.changed($0) }) { [weak self] in
            self?.store()
        }
        examineBypassed(by: instance)
    }

    public func willDetach(
        _ instance: FilterInstance, _ reason: FilterRegistration.TeardownReason
    ) {
        leave(instance)
    }

    public func didDetach(
        _ instance: FilterInstance, _ reason: FilterRegistration.TeardownReason
    ) {
        desk.forget(instance)
        for file in parked.takeAll(of: instance) { file.close() }
        roots.withLock { $0[ObjectIdentifier(instance)] = nil }
    }

    /// Ends all scans, writes down what is known and lets go of the store. The filter's own opens
    /// are closed, so its volumes can be dismounted.
    public func end() {
        for instance in attached.withLock({ $0 }) { leave(instance) }
    }

    private func leave(_ instance: FilterInstance) {
        let isLast = attached.withLock { attached -> Bool? in
            guard attached.contains(where: { $0 === instance }) else { return nil }
            attached.removeAll { $0 === instance }
            return attached.isEmpty
        }
        guard let isLast else { return }
        // Whoever waits in a socket would keep the volume for as long as a scan may take. Other
        // volumes' scans fail with it, and are made again.
        engine.interrupt()
        desk.leave(instance)
        for file in parked.takeAll(of: instance) { file.close() }
        guard isLast else { return engine.resume() }
        watch.end()
        desk.end()
        let root = roots.withLock { $0[ObjectIdentifier(instance)] }
        store(withFreshOn: surroundings.sync() ? root : nil)
        storing.withLock { _ in surroundings.store?.end() }
    }

    /// Of files on another file system than the volume's root nobody knows how it counts time.
    func isOnRoot(_ file: FileID, _ instance: FilterInstance) -> Bool {
        roots.withLock { $0[ObjectIdentifier(instance)] } == file.device
    }

    // MARK: Signatures

    private func changed(_ change: SignatureWatch.Change) {
        switch change {
        case .version(let version, let before):
            let stored = storing.withLock { _ in surroundings.store?.load(signatures: version) }
            table.begin(watch.generation, with: stored ?? [])
            guard let before else { return }
            tell(ScanEvent(.updated, reason: "\(before) became \(version)"))
            examineAll()
        case .away(let words):
            tell(ScanEvent(.away, reason: words, isAllowed: settings.failure == .open))
        case .back:
            tell(ScanEvent(.back))
            examineAll()
        }
    }

    private func examineAll() {
        for instance in attached.withLock({ $0 }) { examineBypassed(by: instance) }
    }

    /// Forgets all verdicts, here and in the store: for signatures that the engine's version does
    /// not count.
    public func forgetVerdicts() {
        storing.withLock { _ in surroundings.store?.forgetAll() }
        table.begin(watch.renew())
        examineAll()
    }

    // MARK: The store

    /// Writes down what is new. Called after a look that found the same signatures: a verdict from
    /// before the look is theirs.
    ///
    /// - Parameter device: verdicts on files of that device are written although the files were
    ///   changed a short time ago.
    public func store(withFreshOn device: UInt64? = nil) {
        guard let store = surroundings.store, let version = watch.version else { return }
        storing.withLock { _ in
            let pending = table.takePending(at: surroundings.now(), withFreshOn: device)
            store.add(pending, signatures: version)
        }
    }
}
