internal import BypassIOProtocol
internal import FoundationEssentials
internal import IOStack

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
