internal import BypassIOProtocol
internal import FUSE
internal import IOStack

/// What a mount's counters say at one moment; two of them make an `ActivityReport`.
///
/// Any thread. Whoever is served waits for none of it longer than the table of handles is copied.
public struct ActivitySample: Sendable {
    private let moment = ContinuousClock.now
    private let tally: RouteTally
    private let handles: [(number: HandleID, handle: OpenHandle)]
    private let counts: [HandleID: ReadCounts]
    /// Handles that close from now on have this number among the closed, and later ones.
    private let nextClosed: UInt64
    private let filters: [String: (callbacks: UInt64, times: LatencyReport)]

    init(_ fileSystem: VolumeFileSystem) {
        let volume = fileSystem.volume
        handles = fileSystem.handles.numbered
        // Behind the handles: a handle that closes now is in both, rather than in neither.
        nextClosed = fileSystem.closedReaders.next
        tally = fileSystem.handles.tally
        counts = Dictionary(
            handles.map { ($0.number, ReadCounts(of: $0.handle)) }, uniquingKeysWith: { $1 })
        filters = Dictionary(
            volume.instances.map { instance in
                let runs = instance.callbacksRun
                return (instance.name, (runs.pre + runs.post, instance.callbackTimes))
            }, uniquingKeysWith: { $1 })
    }

    /// What happened since an earlier sample of the same mount; of files and processes the `limit`
    /// busiest.
    func report(
        since earlier: ActivitySample, _ fileSystem: VolumeFileSystem, limit: Int
    ) -> ActivityReport {
        let (whole, fraction) = (moment - earlier.moment).components
        let seconds = max(Double(whole) + Double(fraction) / 1e18, 1e-6)
        var files = ReaderTable()
        var processes = ReaderTable()
        func add(_ reads: ReadCounts, _ path: String, _ process: Int32, _ route: HandleRoute?) {
            let rate = (Double(reads.count) / seconds, Double(reads.bytes) / seconds)
            files.add(path, rate.0, rate.1, route)
            processes.add(String(process), rate.0, rate.1, route)
        }
        for (number, handle) in handles {
            let now = counts[number] ?? ReadCounts(of: handle)
            add(
                now.since(earlier.counts[number]), handle.file.openedPath,
                handle.file.requestor.processID, handle.route.0)
        }
        let closed = fileSystem.closedReaders.records(in: earlier.nextClosed..<nextClosed)
        for one in closed where counts[one.number] == nil {
            add(one.reads.since(earlier.counts[one.number]), one.path, one.process, nil)
        }
        return ActivityReport(
            seconds: seconds, openHandles: handles.count,
            handlesWithBypass: fileSystem.volume.activeBypassCount,
            routes: rates(since: earlier, seconds),
            filters: fileSystem.volume.instances.map {
                ActivityReport.Filter($0, filters[$0.name], earlier.filters[$0.name], seconds)
            }, files: files.busiest(limit), processes: processes.busiest(limit))
    }

    private func rates(
        since earlier: ActivitySample, _ seconds: Double
    ) -> [HandleRoute: ActivityReport.Rate] {
        Dictionary(
            uniqueKeysWithValues: HandleRoute.allCases.map { route in
                let (now, before) = (tally[route], earlier.tally[route])
                func rate(_ now: UInt64, _ before: UInt64) -> Double {
                    Double(now - min(now, before)) / seconds
                }
                let isCounted = route != .kernelBypass
                return (
                    route,
                    ActivityReport.Rate(
                        opensPerSecond: rate(now.opens, before.opens),
                        readsPerSecond: isCounted ? rate(now.reads, before.reads) : nil,
                        bytesPerSecond: isCounted ? rate(now.bytes, before.bytes) : nil)
                )
            })
    }
}

extension ActivityReport.Filter {
    fileprivate init(
        _ instance: FilterInstance, _ now: (callbacks: UInt64, times: LatencyReport)?,
        _ before: (callbacks: UInt64, times: LatencyReport)?, _ seconds: Double
    ) {
        let runs = (now?.callbacks ?? 0) - min(now?.callbacks ?? 0, before?.callbacks ?? 0)
        let none = LatencyReport(counts: [], nanoseconds: 0)
        let times = (now?.times ?? none).since(before?.times ?? none)
        self.init(
            name: instance.filter.name, altitude: instance.altitude.description,
            supportsBypassIO: instance.filter.isOptedIn,
            callbacksPerSecond: Double(runs) / seconds, p50: times.quantile(0.5),
            p99: times.quantile(0.99))
    }
}

/// Readers by name, while they are added up.
private struct ReaderTable {
    private var readers: [String: ActivityReport.Reader] = [:]

    mutating func add(_ name: String, _ reads: Double, _ bytes: Double, _ route: HandleRoute?) {
        readers[
            name,
            default: ActivityReport.Reader(
                name: name, readsPerSecond: 0, bytesPerSecond: 0, routes: [:])
        ].add(reads, bytes, route)
    }

    func busiest(_ limit: Int) -> [ActivityReport.Reader] {
        let sorted = readers.values.sorted {
            ($0.readsPerSecond, $0.handles, $1.name) > ($1.readsPerSecond, $1.handles, $0.name)
        }
        return Array(sorted.prefix(max(0, limit)))
    }
}

extension ActivityReport.Reader {
    fileprivate var handles: Int { routes.values.reduce(0, +) }

    /// - Parameter route: of an open handle.
    fileprivate mutating func add(_ reads: Double, _ bytes: Double, _ route: HandleRoute?) {
        readsPerSecond += reads
        bytesPerSecond += bytes
        if let route { routes[route, default: 0] += 1 }
    }
}
