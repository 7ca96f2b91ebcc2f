public import BypassIOProtocol
public import IOStack

/// The stack of a scenario around a file system: filters, volume drivers and storage that behave as
/// the scenario says, and the steps that they do.
///
/// Usable from any thread: a step may wait for another thread's step.
public final class StagedStack: Sendable {
    public let io = IOManager()
    public let volume: Volume
    let filters: [StagedFilter]
    let drivers: [StagedDriver]
    let storage: StagedStorage
    /// File objects by the handles' names.
    private let files = Guarded<[String: FileObject]>([:])

    /// Mounts the volume over `storage` and attaches the filters that are there from the start.
    ///
    /// - Throws: the NTSTATUS of an attach that is refused.
    public init(
        _ stage: StageDescription, fileSystem: any FileSystemDriver,
        storage base: any StorageDriver
    ) throws(NTStatus) {
        drivers = stage.drivers.map(StagedDriver.init)
        storage = StagedStorage(stage.storage, over: base)
        filters = stage.filters.map(StagedFilter.init)
        volume = io.mount(fileSystem, named: "scenario", volumeDrivers: drivers, storage: storage)
        volume.drainLimit = stage.drainLimit
        for filter in filters {
            filter.filter = try io.filterManager.register(filter.registration)
            if !filter.description.isAttachedLater { try attach(filter) }
        }
    }

    func attach(
        _ filter: StagedFilter, altitude: Altitude? = nil, instance: String? = nil
    ) throws(NTStatus) {
        guard let registered = filter.filter else { throw .fltFilterNotFound }
        filter.instance = try io.filterManager.attach(
            registered, to: volume, altitude: altitude, instanceName: instance)
    }

    // MARK: Handles

    /// Makes the file object behind a handle known.
    public func bind(_ file: FileObject, to handle: String) {
        files.withLock { $0[handle] = file }
    }

    public func file(_ handle: String) -> FileObject? { files.withLock { $0[handle] } }

    var handles: [String] { files.withLock { $0.keys.sorted() } }

    func filter(_ name: String) -> StagedFilter? {
        filters.first { $0.description.name == name }
    }

    func counts(of component: Component) -> SightCounts? {
        switch component {
        case .filter(let name): filter(name)?.counts
        case .driver(let name): drivers.first { $0.name == name }?.counts
        case .storage: storage.counts
        }
    }

    /// nil: the component cannot hold such requests.
    func hold(of component: Component, _ held: Held) -> Hold? {
        switch (component, held) {
        case (.filter(let name), .reads): filter(name)?.hold
        case (.filter(let name), .enables): filter(name)?.enableHold
        case (.storage, .reads): storage.hold
        case (.driver, _), (.storage, .enables): nil
        }
    }

    /// A handle of the file that is still open.
    func openFile(_ path: String) -> FileObject? {
        handles.compactMap { file($0) }.first { $0.openedPath == path && !$0.isClosed }
    }

    // MARK: The end

    /// Releases everything that is held, so that all waits can end.
    public func releaseAll() {
        storage.hold.release()
        for filter in filters {
            filter.hold.release()
            filter.enableHold.release()
        }
    }

    /// What differs from the initial state once every handle is closed; empty if nothing does.
    public var remains: [String] {
        var lines: [String] = []
        if volume.activeBypassCount != 0 {
            lines.append(
                "ActiveBypassIoCount is \(volume.activeBypassCount) with every file closed")
        }
        let inFlight = volume.bypassedReadsInFlight
        if inFlight.pastFilters != 0 || inFlight.pastVolumeDrivers != 0 {
            lines.append(
                "bypassed reads are counted in flight: \(inFlight.pastFilters) past the filters, "
                    + "\(inFlight.pastVolumeDrivers) past the volume drivers")
        }
        return lines
    }
}

/// The steps that the stack itself does.
extension StagedStack {
    /// Does an action of the stack; `patience` is how many seconds it waits for a held read.
    public func perform(_ action: Action, patience: Int) -> Outcome {
        switch action {
        case .stream(let handle):
            return withFile(handle) { file in
                var outcome = Outcome()
                outcome.stream = StreamFacts(file)
                return outcome
            }
        case .become(let path, let attributes): return become(path, attributes)
        case .move(let path, let begins): return move(path, begins: begins)
        case .attach, .detach, .unload, .dismount: return attachment(action)
        case .send(let sender, let operation, let handle, let toTop):
            return withFile(handle) { send(operation, on: $0, from: sender, toTop: toTop) }
        case .veto(let component, let rule): return veto(component, rule)
        case .stopVetoing(let component): return veto(component, nil)
        case .count(let component, let sight):
            var outcome = Outcome()
            outcome.count = counts(of: component)?.count(of: sight)
            return outcome
        case .learned(let name): return status(filter(name)?.learned, "no verdict came back")
        case .told(let name): return status(filter(name)?.told, "FltVetoBypassIo was not called")
        case .clearCounts:
            for filter in filters { filter.counts.clear() }
            for driver in drivers { driver.counts.clear() }
            storage.counts.clear()
            return Outcome()
        case .hold, .release, .waitUntilHeld: return held(action, patience)
        default: return Outcome(problem: "this is not a step of the stack")
        }
    }

    private func status(_ status: NTStatus?, _ problem: String) -> Outcome {
        status.map { Outcome($0) } ?? Outcome(problem: problem)
    }

    private func withFile(_ handle: String, _ body: (FileObject) -> Outcome) -> Outcome {
        guard let file = file(handle) else { return Outcome(problem: "\(handle) is not open") }
        return body(file)
    }

    /// As `compact` and `cipher` on Windows: a request through the stack.
    private func become(_ path: String, _ attributes: FileAttributes) -> Outcome {
        guard let open = openFile(path) else { return Outcome(problem: "\(path) is not open") }
        do throws(IOFailure) {
            let old = try open.information().attributes
            try open.apply(
                .attributes(
                    set: attributes.subtracting(old), cleared: old.subtracting(attributes)))
            return Outcome()
        } catch {
            return Outcome(error)
        }
    }

    /// As a file system does for a defragmenter (spec 4.6).
    private func move(_ path: String, begins: Bool) -> Outcome {
        guard let open = openFile(path) else { return Outcome(problem: "\(path) is not open") }
        if begins {
            volume.suspendBypass(of: open.stream, because: .moving)
        } else {
            volume.endSuspension(of: open.stream, because: .moving)
        }
        return Outcome()
    }

    // MARK: Attach and detach

    private func attachment(_ action: Action) -> Outcome {
        do throws(NTStatus) {
            switch action {
            case .attach(let name, let altitude, let instance):
                guard let filter = filter(name) else { throw .fltFilterNotFound }
                try attach(filter, altitude: altitude, instance: instance)
            case .detach(let name):
                guard let instance = filter(name)?.instance else { throw .fltInstanceNotFound }
                try io.filterManager.detach(instance)
            case .unload(let name, let mandatory):
                guard let filter = filter(name)?.filter else { throw .fltFilterNotFound }
                try io.filterManager.unload(filter, mandatory: mandatory)
            default:
                try io.dismount(volume)
            }
            return Outcome()
        } catch {
            return Outcome(error)
        }
    }

    // MARK: Controls of filters and drivers

    private func send(
        _ operation: BypassIOOperation, on file: FileObject, from sender: Component, toTop: Bool
    ) -> Outcome {
        let control = ControlDescription(operation)
        guard case .filter(let name) = sender, !toTop else {
            // Volume drivers, and filters that change their mind, send to the top (spec 4.3, 4.4).
            return Outcome(sending: control, to: file, requestor: .kernel)
        }
        guard let instance = filter(name)?.instance else {
            return Outcome(problem: "\(sender) was never attached")
        }
        return Outcome(sending: control, to: file, from: instance)
    }

    private func veto(_ component: Component, _ rule: VetoRule?) -> Outcome {
        switch component {
        case .filter(let name):
            if let rule { filter(name)?.veto(rule) } else { filter(name)?.stopVetoing() }
        case .driver(let name):
            let answers = drivers.first { $0.name == name }?.answers
            if let rule { answers?.add(rule) } else { answers?.clear() }
        case .storage:
            if let rule { storage.answers.add(rule) } else { storage.answers.clear() }
        }
        return Outcome()
    }

    // MARK: Held reads

    private func held(_ action: Action, _ patience: Int) -> Outcome {
        switch action {
        case .hold(let component, let held):
            guard let hold = hold(of: component, held) else {
                return Outcome(problem: "\(component) cannot hold \(held)")
            }
            hold.begin()
        case .release(let component, let held): hold(of: component, held)?.release()
        case .waitUntilHeld(let component, let held, let count):
            guard let hold = hold(of: component, held), hold.wait(for: count, seconds: patience)
            else {
                return Outcome(problem: "the \(held) did not come within \(patience) s")
            }
        default: break
        }
        return Outcome()
    }
}

extension Outcome {
    /// Sends a control from the top of the stack.
    init(sending control: ControlDescription, to file: FileObject, requestor: Requestor?) {
        self.init(control) { input, output in
            file.fsControl(control.code, input: input, output: &output, requestor: requestor)
        }
    }

    /// Sends a control from below a filter's instance.
    init(sending control: ControlDescription, to file: FileObject, from instance: FilterInstance) {
        self.init(control) { input, output in
            instance.fsControl(file, control.code, input: input, output: &output)
        }
    }

    private init(
        _ control: ControlDescription,
        _ send: (Span<UInt8>, inout MutableSpan<UInt8>) -> IOStatusBlock
    ) {
        self.init()
        let input = control.inputBytes
        var output = [UInt8](repeating: Self.untouchedByte, count: control.outputLength)
        var span = output.mutableSpan
        let block = send(input.span, &span)
        status = block.status.rawValue
        information = block.information
        self.output = output
    }
}
