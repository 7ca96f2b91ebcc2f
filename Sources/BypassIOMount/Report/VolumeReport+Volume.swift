internal import BypassIOProtocol
internal import FoundationEssentials
internal import IOStack
internal import LinuxKit

extension VolumeReport {
    init(_ fileSystem: VolumeFileSystem) {
        let volume = fileSystem.volume
        let handles = fileSystem.handles
        let kernel = handles.kernelReads
        let crash = volume.fileSystem.kernelReadGuard
        self.init(
            volume: volume.name, offersBypass: volume.offersBypass,
            fileSystem: volume.fileSystem.name,
            storageType: volume.stack.storage.storageType,
            activeBypassCount: volume.activeBypassCount,
            suspend: volume.suspensionPolicy.rawValue, openHandles: handles.count,
            knownInodes: fileSystem.nodes.count, filters: volume.instances.map(Filter.init),
            supportedFeatures: volume.supportedFeatures.names, reads: Reads(handles.readsByRoute),
            routes: Self.routes(handles), traditionalBecause: Self.causes(handles),
            kernelRoute: KernelRoute(
                isOffered: fileSystem.kernelRoute?.isWorking ?? false,
                openHandles: kernel.handles, gatedReads: kernel.gated,
                failsAtCrash: crash != nil, guardedFiles: crash?.files ?? 0,
                guardian: crash?.process))
    }

    /// Opens and reads so far, without the kernel's unasked reads.
    private static func routes(_ handles: HandleTable) -> [HandleRoute: Route] {
        let tally = handles.tally
        return Dictionary(
            uniqueKeysWithValues: HandleRoute.allCases.map { route in
                let counts = tally[route]
                let isCounted = route != .kernelBypass
                return (
                    route,
                    Route(
                        opens: counts.opens, reads: isCounted ? counts.reads : nil,
                        bytes: isCounted ? counts.bytes : nil)
                )
            })
    }

    /// The causes that occurred, for handles with bypass.
    private static func causes(_ handles: HandleTable) -> [String: UInt64] {
        Dictionary(
            handles.traditionalReadsByCause.filter { $0.value > 0 }
                .map { ($0.key.description, $0.value) }, uniquingKeysWith: +)
    }
}

extension VolumeReport.Filter {
    fileprivate init(_ instance: FilterInstance) {
        let runs = instance.callbacksRun
        self.init(
            name: instance.filter.name, altitude: instance.altitude.description,
            supportsBypassIO: instance.filter.isOptedIn, features: instance.filter.features.names,
            preCallbacks: runs.pre, postCallbacks: runs.post,
            callbackTimes: instance.callbackTimes)
    }
}

extension VolumeReport.Reads {
    fileprivate init(_ reads: [ReadRoute: UInt64]) {
        self.init(
            traditional: reads[.traditional] ?? 0, storageBypass: reads[.storageBypass] ?? 0,
            filterBypass: reads[.filterBypass] ?? 0, fullBypass: reads[.fullBypass] ?? 0)
    }
}

/// A report as the service answers it: JSON on one line, with sorted keys.
enum ReportText {
    static func json(_ report: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Encoding integers and strings cannot fail.
        return (try? encoder.encode(report)).map { [UInt8]($0) } ?? []
    }
}

extension StackReport {
    /// Asks on behalf of `requestor`; throws the failure of a request.
    init(of file: FileObject, _ requestor: Requestor) throws(IOFailure) {
        let filters = try file.bypassIO(
            .query, flags: .skipStorageStackQuery, requestor: requestor)
        let whole = try file.bypassIO(.query, requestor: requestor)
        let storage = file.volume.stack.storage
        let facts = file.volume.fileSystem.facts(of: file)
        let told = Self.countWithin(room: Self.room, facts.fields)
        self.init(
            filters: Veto(filters), whole: Veto(whole), flags: whole.flags.rawValue,
            storageType: storage.storageType, storageDriver: storage.name,
            layers: try file.explainBypassIO().map(Layer.init),
            facts: facts.lines, fields: Array(facts.fields.prefix(told)),
            furtherFields: facts.fields.count - told)
    }

    /// The limit of the fields' list in bytes: Linux takes 65,536 for an attribute.
    private static var room: Int { 32_000 }

    private static func countWithin(room: Int, _ fields: [HostFact]) -> Int {
        var size = 0
        return fields.firstIndex { field in
            size += ReportText.json(field).count + 1
            return size > room
        } ?? fields.count
    }
}

extension StackReport.Veto {
    fileprivate init?(_ output: FSBypassIOOutput) {
        guard let results = output.results, results.status.isError else { return nil }
        self.init(BypassVeto(results))
    }

    fileprivate init(_ veto: BypassVeto) {
        self.init(driver: veto.driver, status: veto.status.rawValue, reason: veto.reason)
    }
}

extension StackReport.Layer {
    fileprivate init(_ answer: LayerAnswer) {
        self.init(
            layer: answer.layer.rawValue, driver: answer.driver,
            altitude: answer.altitude?.description, veto: answer.veto.map(StackReport.Veto.init))
    }
}

extension StreamReport {
    /// The limit of the handles' list in bytes: Linux takes 65,536 for an attribute, and programs
    /// choose how many handles there are.
    private static var room: Int { 60_000 }

    /// - Parameter stream: nil while the file is not open.
    init(_ stream: IOStack.Stream?, _ table: HandleTable) {
        let open = stream.map { table.handles(of: $0) } ?? []
        var told: [Handle] = []
        var size = 0
        for handle in open {
            let next = Handle(handle)
            size += ReportText.json(next).count + 1
            guard size <= Self.room else { break }
            told.append(next)
        }
        self.init(
            handlesWithBypass: stream?.bypassOpenCount ?? 0, isPaused: stream?.isPaused ?? false,
            traditionalBecause: stream?.traditionalCause?.description, handles: told,
            furtherHandles: open.count - told.count)
    }
}

extension StreamReport.Handle {
    fileprivate init(_ handle: OpenHandle) {
        let (route, cause) = handle.route
        let change = handle.lastRouteChange
        let ago = Int64(clamping: LayerClock.now) - Int64(clamping: change.moment)
        self.init(
            openedBy: handle.file.requestor.processID, route: route, because: cause,
            isRevocable: handle.decision?.opener?.door.isRevocable ?? true,
            since: WallTime(nanoseconds: WallTime.now.nanoseconds - ago).iso8601,
            seconds: Double(ago) / 1e9, changedBy: change.cause.word,
            cause: change.cause.description)
    }
}
