public import BypassIOProtocol
import Synchronization

/// A mounted volume: a file system over its volume stack, with the filters attached to it.
///
/// Lock order, outermost first: `attachment` → those of `bypass` (`BypassVolume`) → `openFiles` →
/// leaves (context tables, `chain`). Requests are carried without any of them. A drain never sleeps
/// while its thread holds one.
public final class Volume: Sendable {
    /// For people: the volume's place, e.g. the directory that it serves.
    public let name: String
    public let fileSystem: any FileSystemDriver
    public let stack: VolumeStack
    public let suspensionPolicy: SuspensionPolicy
    /// False: the file system refuses bypass of every file.
    public let offersBypass: Bool
    /// Gets events, also under locks, so it must not wait.
    public let observer: (any VolumeObserver)?

    /// Decides which layers a read may skip.
    let bypass = BypassVolume()
    /// The filters' own objects on the volume.
    let contexts = ContextTable()

    struct OpenFiles {
        /// The open streams, each with its count of file objects and how many of these may write.
        var streams: [FileID: (stream: Stream, fileObjects: Int, writers: Int)] = [:]
        /// Creates under way: a dismount must not come before their stream exists.
        var opensUnderWay = 0
        var isDismounted = false
    }
    let openFiles = Guarded(OpenFiles())

    /// Serialises attach and detach.
    let attachment = Guarded(())
    private let chain = Guarded(FilterChain())
    /// The chain's ``FilterChain/filteredFunctions``, written under its lock. A request of a
    /// function without callbacks looks here and takes no lock. Release and acquire: a request that
    /// begins after an attach returned sees the filter.
    private let filteredFunctions = Atomic<UInt32>(0)
    /// Who is told of the layers that requests pass, if anybody.
    let layers = LayerTrace()
    /// How long the stack takes to answer reads that the kernel holds at a gate.
    let gateTimes = CallbackTimes()
    /// How long a STREAM_PAUSE, a VOLUME_STACK_PAUSE, a DISABLE or an attach waits for the reads
    /// that it stops. 30 seconds by default.
    public var drainLimit: Duration {
        get { bypass.drainLimit }
        set { bypass.drainLimit = newValue }
    }
    /// Streams that the kernel may read under a grant. A leaf.
    let kernelReadStreams = Guarded<[ObjectIdentifier: Stream]>([:])

    init(
        name: String, fileSystem: any FileSystemDriver, stack: VolumeStack,
        suspensionPolicy: SuspensionPolicy, offersBypass: Bool = true,
        observer: (any VolumeObserver)? = nil
    ) {
        self.name = name
        self.fileSystem = fileSystem
        self.stack = stack
        self.suspensionPolicy = suspensionPolicy
        self.offersBypass = offersBypass
        self.observer = observer
    }

    /// Attached instances, highest altitude first.
    public var instances: [FilterInstance] { currentChain.instances }

    /// The features that every attached filter supports, a bit each (`FsRtlGetSupportedFeatures`).
    /// File systems do not count. All bits while no filter is attached. Without the bit for
    /// BypassIO no read on the volume bypasses.
    public var supportedFeatures: FilterRegistration.Features {
        instances.reduce(.all) { $0.intersection($1.filter.features) }
    }

    /// A filter has a callback for requests of this function.
    public func isFiltered(_ major: MajorFunction) -> Bool {
        filteredFunctions.load(ordering: .acquiring) & FilterChain.bit(of: major) != 0
    }

    /// Requests of this function become ``CallbackData``: a filter has a callback, or somebody is
    /// told of layers.
    func carries(_ major: MajorFunction) -> Bool { isFiltered(major) || layers.isOn }

    /// Open file objects with bypass enabled, paused ones included: ActiveBypassIoCount.
    public var activeBypassCount: Int { bypass.activeBypassCount }

    /// The file objects of that count, in no order.
    var bypassedFiles: [FileObject] { bypass.holders.compactMap { $0 as? FileObject } }

    /// Has every ENABLE under way ask again. Returns the file objects that have bypass now: those
    /// that no ENABLE will ask about again.
    func withdrawFromEnables() -> [FileObject] {
        bypass.withdrawFromEnables().compactMap { $0 as? FileObject }
    }

    /// VOLUME_STACK_PAUSE is in force.
    public var isStorageBypassPaused: Bool { bypass.gate.closed.contains(.storagePaused) }

    /// A filter that did not opt in is attached.
    public var isFilterAttachBlocked: Bool { bypass.gate.closed.contains(.filtersBlocked) }

    /// The counts of the bypass gates: reads that skip the filters, and reads that skip the volume
    /// drivers.
    public var bypassedReadsInFlight: (pastFilters: Int, pastVolumeDrivers: Int) {
        (bypass.gate.readsInside(.filterBypass), bypass.gate.readsInside(.storageBypass))
    }

    var currentChain: FilterChain { chain.look { copy $0 } }

    /// The callbacks that a request of this function passes.
    func currentOperations(for major: MajorFunction) -> OperationChain {
        chain.look { $0.operations(for: major) }
    }

    /// `change` runs under the lock, which is a leaf.
    private func changeChain(_ change: (FilterChain) -> FilterChain) {
        let old = chain.withLock { chain in
            let old = chain
            chain = change(old)
            filteredFunctions.store(chain.filteredFunctions, ordering: .releasing)
            return old
        }
        withExtendedLifetime(old) {}
    }

    /// Has questions about BypassIO pass an instance whose filter has no callback for controls, so
    /// that its standing veto counts (``WithdrawnBypass``). Questions under way may still use the
    /// old chain.
    func askAboutBypass(_ instance: FilterInstance) {
        guard !currentChain.operations(for: .fileSystemControl).passes(instance) else { return }
        changeChain { FilterChain(instances: $0.instances) }
    }

    /// Has the callbacks of the filters that are attached now timed from now on, or no more
    /// (``FilterInstance/callbackTimes``), and the answers at gates (``gatedReadTimes``). A timed
    /// callback takes about 0.1 µs longer.
    public func timeCallbacks(_ isOn: Bool) {
        for instance in instances { instance.times.count(isOn) }
        gateTimes.count(isOn)
    }

    /// How long the stack took to answer reads that the kernel held at a gate, while they were
    /// timed.
    public var gatedReadTimes: LatencyReport { gateTimes.report(of: .read) }

    /// Has `observer` told of each layer that requests pass from now on; nil: nobody. Reads that
    /// skip the filters pass none of them, and those of a ``ReadQueue`` are not told.
    ///
    /// One at a time; a new observer takes the place of the old. A request takes about 1 µs longer
    /// meanwhile.
    public func traceLayers(by observer: (any LayerObserver)?) {
        layers.set(observer)
        for instance in instances { instance.times.tell(observer != nil) }
    }

    // MARK: Streams

    /// Runs a create and keeps the volume mounted meanwhile. Throws if it is dismounted.
    func whileMounted<R>(_ body: () throws(IOFailure) -> R) throws(IOFailure) -> R {
        let isMounted = openFiles.withLock { open in
            guard !open.isDismounted else { return false }
            open.opensUnderWay += 1
            return true
        }
        guard isMounted else { throw IOFailure(.fltVolumeNotFound) }
        defer { openFiles.withLock { $0.opensUnderWay -= 1 } }
        return try body()
    }

    /// The stream of a file that was just opened, shared by all its file objects.
    func openStream(_ opened: OpenedFile, mayWrite: Bool) -> Stream {
        openFiles.withLock { open in
            let entry = open.streams[opened.id] ?? (Stream(opened), 0, 0)
            open.streams[opened.id] = (
                entry.stream, entry.fileObjects + 1, entry.writers + (mayWrite ? 1 : 0)
            )
            return entry.stream
        }
    }

    /// Returns whether that was the stream's last file object.
    func closeStream(of file: FileObject) -> Bool {
        let stream = file.stream
        let mayWrite = file.access.contains(.write)
        return openFiles.withLock { open in
            guard let entry = open.streams[stream.id], entry.stream === stream else {
                return false
            }
            let left = entry.fileObjects - 1
            assert(left >= 0)
            let writers = entry.writers - (mayWrite ? 1 : 0)
            assert(writers >= 0)
            open.streams[stream.id] = left == 0 ? nil : (stream, left, writers)
            return left == 0
        }
    }

    /// File objects of a stream that were opened for writing and still exist, perhaps only because
    /// of their mappings.
    public func writerCount(of stream: Stream) -> Int {
        openFiles.withLock { open in
            guard let entry = open.streams[stream.id], entry.stream === stream else { return 0 }
            return entry.writers
        }
    }

    /// A file's stream, while the file is open.
    public func openStream(of id: FileID) -> Stream? {
        openFiles.withLock { $0.streams[id]?.stream }
    }

    /// A file, or a directory, is open, or is about to be.
    public var hasOpenFiles: Bool {
        openFiles.withLock { !$0.streams.isEmpty || $0.opensUnderWay > 0 }
    }

    var openStreams: [Stream] { openFiles.withLock { $0.streams.values.map(\.stream) } }

    // MARK: Filters

    func attach(
        _ instance: FilterInstance, reason: FilterRegistration.SetupReason
    ) throws(NTStatus) {
        let blocks = !instance.filter.isOptedIn
        let refusal: NTStatus? = attachment.withLock { _ in
            let chain = currentChain
            if chain.instances.contains(where: { $0.altitude == instance.altitude }) {
                return .fltInstanceAltitudeCollision
            }
            if chain.instances.contains(where: { $0.name == instance.name }) {
                return .fltInstanceNameCollision
            }
            if openFiles.look({ $0.isDismounted }) { return .fltVolumeNotFound }
            if instance.filter.registration.instanceSetup?(instance, reason) == false {
                return .fltDoNotAttach
            }
            if blocks { bypass.blockFilters() }
            guard add(instance) else {
                if blocks { bypass.unblockFilters() }
                return .fltDoNotAttach
            }
            // Behind the chain's lock: a trace that read the chain before is seen.
            if layers.isOn { instance.times.tell(true) }
            // After the chain is set, so that an ENABLE that asks again meets the filter.
            bypass.haveEnablesAskAgain()
            for one in instance.filter.registration.ports { one.port.attached() }
            return nil
        }
        if let refusal {
            // The setup callback may have set contexts before it refused.
            instance.rundown.close()
            instance.rundown.drain(advance: { advanceOwnReads() })
            removeContexts(of: instance)
            throw refusal
        }
        try waitForReadsPast(instance, blocks)
        observer?.saw(instance.attachment, on: self)
        guard let setupComplete = instance.filter.registration.instanceSetupComplete else { return }
        // A detach may have come meanwhile; it waits for callbacks that run.
        guard instance.rundown.enter() else { return }
        defer { instance.rundown.leave() }
        setupComplete(instance)
    }

    /// False for a filter that needs all opens, where it has missed some. An open counts as under
    /// way before it looks at the chain, so it is seen here, or it sees the instance.
    private func add(_ instance: FilterInstance) -> Bool {
        guard instance.filter.registration.needsAllOpens else {
            changeChain { $0.adding(instance) }
            return true
        }
        return openFiles.withLock { open in
            guard open.streams.isEmpty, open.opensUnderWay == 0 else { return false }
            changeChain { $0.adding(instance) }
            return true
        }
    }

    /// Spec 4.3: all bypass stops at once. Reads that were past the filters must be out before the
    /// new filter may rely on seeing everything. Throws if the drain failed or the host would not
    /// stop the kernel's reads; then the instance is detached.
    private func waitForReadsPast(
        _ instance: FilterInstance, _ blocks: Bool
    ) throws(NTStatus) {
        var made: DrainBound?
        defer { made?.finish() }
        func bound() -> DrainBound? { bypass.newBound(&made) }
        do throws(IOFailure) {
            if blocks, let failure = bypass.drainBlocked(until: bound, self).failure {
                throw failure
            }
            if let failure = try settleKernelReads(until: bound).failure { throw failure }
        } catch {
            // The filter would rely on seeing reads that still pass it by.
            try? detach(instance, reason: .manual)
            throw error.status
        }
    }

    func detach(
        _ instance: FilterInstance, reason: FilterRegistration.TeardownReason
    ) throws(NTStatus) {
        let registration = instance.filter.registration
        let cut: [PortConnection]? = attachment.withLock { _ in
            let chain = currentChain
            guard chain.instances.contains(where: { $0 === instance }) else { return nil }
            changeChain { $0.removing(instance) }
            instance.rundown.close()
            return registration.ports.flatMap { $0.port.detached() }
        }
        guard let cut else { throw .fltInstanceNotFound }
        // What a callback waits for a program for ends before the callback is waited for.
        for connection in cut { connection.end() }
        registration.instanceTeardownStart?(instance, reason)
        FilterManager.drainPostOperations(of: instance)
        instance.rundown.drain(advance: { advanceOwnReads() })
        letBypassGo(of: instance)
        removeContexts(of: instance)
        registration.instanceTeardownComplete?(instance, reason)
        observer?.saw(instance.detachment, on: self)
    }

    /// Ends what an instance that left the chain has against bypass. The detach and
    /// ``FilterManager/forgo(_:)`` come here, and the first of the two does it.
    func letBypassGo(of instance: FilterInstance) {
        let isFirst = instance.hasLetBypassGo.withLock { hasLetGo in
            defer { hasLetGo = true }
            return !hasLetGo
        }
        guard isFirst else { return }
        if !instance.filter.isOptedIn { bypass.unblockFilters() }
        endPausesRefused()
        _ = try? settleKernelReads(until: DrainBound.withoutWaiting)
        instance.letGoOfBypass()
    }

    /// Detaches the instances of one filter, or all. An instance that another thread detaches
    /// meanwhile counts as done.
    func detachAll(of filter: Minifilter? = nil, reason: FilterRegistration.TeardownReason) {
        for instance in instances where filter == nil || instance.filter === filter {
            _ = try? detach(instance, reason: reason)
        }
    }

    private func removeContexts(of instance: FilterInstance) {
        let owner = ObjectIdentifier(instance)
        for stream in openStreams { stream.contexts.removeAll { $0.owner == owner } }
        instance.contexts.removeAll { _ in true }
        // Under the lock, or an instance that is being attached could lose the context that it just
        // set. The context itself is released after the lock.
        let ofFilter = attachment.withLock { _ in
            instances.contains { $0.filter === instance.filter }
                ? nil : contexts.remove(ContextTable.Key(owner: ObjectIdentifier(instance.filter)))
        }
        withExtendedLifetime(ofFilter) {}
    }
}

extension Volume {
    /// Memory for reads and writes of this volume's files, aligned as its storage needs it.
    public func makeBuffer(capacity: Int) throws(IOFailure) -> any IOBuffer {
        try stack.storage.makeBuffer(capacity: capacity)
    }
}
