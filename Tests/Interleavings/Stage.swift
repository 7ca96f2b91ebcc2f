import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage

/// A volume in memory for one execution of a program, and the conditions that must hold during and
/// after it.
final class Stage: @unchecked Sendable {
    let program: Program
    let explorer: Explorer
    let volume: Volume
    let disk: MemoryDisk
    let manager: IOManager
    /// The handles with bypass at the start, and a caching handle for each actor.
    private(set) var files: [FileObject] = []
    private(set) var cached: [FileObject] = []
    private(set) var instances: [FilterInstance] = []
    /// For each actor: a filter that did not opt in.
    private(set) var blockers: [Minifilter] = []
    /// For the actor that has it: a filter that vetoes each ENABLE and QUERY.
    private(set) var auditor: Minifilter?
    /// The filter that withdraws bypass, in programs where an actor has it do so.
    private(set) var withdrawer: FilterInstance?
    /// For each filter: it vetoes ENABLE and QUERY.
    let vetoes: [Flag]
    /// For each filter: its pause has returned, and it has not begun to resume.
    let pauses: [Flag]
    /// For each actor: its block of filter bypass has returned, and has not begun to end.
    let blocks: [Flag]
    /// For each actor: its VOLUME_STACK_PAUSE has returned, and it has not begun to resume.
    let volumePauses: [Flag]
    /// For each actor: its volume driver vetoes.
    let volumeVetoes: [Flag]
    /// For each handle: its read has skipped the filters, or the volume drivers, and is at the
    /// disk.
    let bypassing: [Flag]
    let skipping: [Flag]
    /// For each handle, for its own thread: a filter, or the volume driver, saw the read under way.
    private let seen: [Flag]
    private let walked: [Flag]

    static let blockSize = 512

    init(_ program: Program, _ explorer: Explorer) throws {
        self.program = program
        self.explorer = explorer
        let actors = program.actors.count
        // Reads of the actors' caching handles have numbers behind those of the handles.
        let readers = program.handles.count + actors
        vetoes = program.filters.map { _ in Flag() }
        pauses = program.filters.map { _ in Flag() }
        blocks = program.actors.map { _ in Flag() }
        volumePauses = program.actors.map { _ in Flag() }
        volumeVetoes = program.actors.map { _ in Flag() }
        bypassing = (0..<readers).map { _ in Flag() }
        skipping = bypassing.map { _ in Flag() }
        seen = bypassing.map { _ in Flag() }
        walked = bypassing.map { _ in Flag() }
        let walked = walked
        let driver = WatchingDriver(
            vetoes: program.isDone(by: .volumePause) ? volumeVetoes : [],
            saw: { walked[Self.reader(at: $0.offset)].unscheduled = true })
        manager = IOManager()
        disk = MemoryDisk()
        let fileSystem = MemoryFileSystem(on: disk)
        volume = manager.mount(
            fileSystem, named: "memory", volumeDrivers: [driver], storage: disk,
            suspensionPolicy: .strict)
        try open()
        disk.readObserver = MemoryDisk.ReadObserver(
            began: { [unowned self] extent in began(extent) },
            finished: { [unowned self] extent in finished(extent) })
        leaveOut(fileSystem)
    }

    private func open() throws {
        let filterManager = manager.filterManager
        // A filter sees reads in each program, so that skipping it shows.
        _ = try filterManager.attach(filterManager.register(watcher), to: volume)
        for number in program.filters.indices {
            let filter = try filterManager.register(filter(number))
            instances.append(try filterManager.attach(filter, to: volume))
        }
        if program.withdraws {
            withdrawer = try filterManager.attach(
                filterManager.register(withdrawing), to: volume)
        }
        let made = try volume.open("data", access: [.read, .write], disposition: .overwriteIf)
        try made.write([UInt8](repeating: 7, count: 8192), at: 0)
        made.close()
        for _ in program.handles {
            let file = try volume.open("data", options: .nonCached)
            guard try file.bypassIO(.enable).results?.status == .success else {
                explorer.fail("an ENABLE before the program was refused")
            }
            files.append(file)
        }
        for (number, operations) in program.actors.enumerated() {
            if operations.contains(.cachedRead) { cached.append(try volume.open("data")) }
            if operations.contains(.attach) {
                blockers.append(try filterManager.register(blocker(number)))
            }
            if operations.contains(.attachAuditor) {
                auditor = try filterManager.register(auditor(number))
            }
        }
    }

    /// Leaves this out of the search: no program sets up the disk, registers, or changes
    /// attributes, and no thread learns from these counts.
    private func leaveOut(_ fileSystem: MemoryFileSystem) {
        // Asked first: looking at the chain is a step in programs that attach.
        let attached = volume.instances
        // A first withdrawal makes the chain anew, so that the filter is asked from then on.
        let standsStill = !program.attaches && !program.withdraws
        explorer.leaveOut {
            _ = disk.reads
            _ = fileSystem.requestCounts
            _ = manager.filterManager.filters
            for instance in attached {
                _ = instance.isAttached
                if instance !== withdrawer { _ = instance.bypass.isWithdrawn }
            }
            for (file, operations) in zip(files, program.handles) {
                file.lookAtWhatStandsStill(
                    staysOpen: !operations.contains(.close),
                    nobodyAttaches: standsStill)
            }
            for file in cached {
                file.lookAtWhatStandsStill(
                    staysOpen: false, nobodyAttaches: standsStill)
            }
        }
    }

    // MARK: Filters

    private func filter(_ number: Int) -> FilterRegistration {
        FilterRegistration(
            name: "filter\(number)", altitude: Altitude(integer: UInt(number) + 1),
            supportedFeatures: .bypassIO,
            operations: [
                seeingReads,
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { [unowned self] data, instance in
                        guard data.bypassIOQuestion != nil, vetoes[number].isSet else {
                            return .successNoCallback
                        }
                        data.vetoBypassIO(
                            instance, status: .notSupportedWithBypassIO, reason: "Paused.")
                        return .complete
                    }),
            ])
    }

    private func blocker(_ number: Int) -> FilterRegistration {
        FilterRegistration(
            name: "blocker\(number)", altitude: Altitude(integer: UInt(number) + 101),
            supportedFeatures: [], operations: [seeingReads])
    }

    private func auditor(_ number: Int) -> FilterRegistration {
        FilterRegistration(
            name: "auditor\(number)", altitude: Altitude(integer: UInt(number) + 101),
            supportedFeatures: .bypassIO,
            operations: [
                seeingReads,
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, instance in
                        guard data.bypassIOQuestion != nil else { return .successNoCallback }
                        data.vetoBypassIO(
                            instance, status: .notSupportedWithAuditing, reason: "Audited.")
                        return .complete
                    }),
            ])
    }

    /// Without a callback for controls: the veto stands in its place.
    private var withdrawing: FilterRegistration {
        FilterRegistration(
            name: "withdrawer", altitude: Altitude(integer: 900), supportedFeatures: .bypassIO,
            operations: [seeingReads])
    }

    private var watcher: FilterRegistration {
        FilterRegistration(
            name: "watcher", altitude: Altitude(integer: 1000), supportedFeatures: .bypassIO,
            operations: [seeingReads])
    }

    private var seeingReads: OperationRegistration {
        OperationRegistration(
            .read,
            preOperation: { [unowned self] data, _ in
                if case .read(let offset, _) = data.parameters {
                    seen[Self.reader(at: offset)].unscheduled = true
                }
                return .successNoCallback
            })
    }

    // MARK: A read at the disk

    static func reader(at offset: UInt64) -> Int { Int(offset) / blockSize }

    /// Begins a read of the calling thread.
    func expectRead(by reader: Int) {
        seen[reader].unscheduled = false
        walked[reader].unscheduled = false
    }

    /// Whether the read of a handle skipped every filter. Each program that asks has a filter.
    private func skipsFilters(_ reader: Int) -> Bool {
        reader < files.count && !seen[reader].unscheduled
    }

    private func began(_ extent: StorageExtent) {
        let reader = Self.reader(at: extent.offset)
        if skipsFilters(reader) {
            bypassing[reader].set(true)
            for (number, pause) in pauses.enumerated() where pause.isSet {
                explorer.fail(
                    "a read of handle \(reader) bypasses within the pause of filter \(number)")
            }
            for (number, block) in blocks.enumerated() where block.isSet {
                explorer.fail(
                    "a read of handle \(reader) bypasses although actor \(number) forbids it")
            }
        }
        if program.isDone(by: .volumePause), !walked[reader].unscheduled {
            skipping[reader].set(true)
            for (number, pause) in volumePauses.enumerated() where pause.isSet {
                explorer.fail(
                    "a read of handle \(reader) skips the drivers within the pause of actor \(number)"
                )
            }
        }
    }

    private func finished(_ extent: StorageExtent) {
        let reader = Self.reader(at: extent.offset)
        if bypassing[reader].unscheduled { bypassing[reader].set(false) }
        if skipping[reader].unscheduled { skipping[reader].set(false) }
    }
}
