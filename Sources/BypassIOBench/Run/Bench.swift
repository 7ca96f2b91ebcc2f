package import DirectRead
import Glibc
import LinuxKit
package import SystemPackage

/// A run: all routes of a workload one after the other, round after round, so that a change of the
/// machine's speed affects all.
package final class Bench {
    private let plan: BenchPlan
    private let folder: BenchFolder
    private let backing: BenchTree
    private let recorder = Recorder()
    private let tell: (String) -> Void
    private var routes: [any BenchRoute]
    private var leftOut: [BenchReport.LeftOut] = []

    /// `tell` gets progress messages.
    package init(_ plan: BenchPlan, in folder: BenchFolder, tell: @escaping (String) -> Void) {
        self.plan = plan
        self.folder = folder
        self.tell = tell
        backing = BenchTree(root: folder.source, sizes: plan.sizes)
        routes =
            RouteSet(plan, folder, backing: backing, recorder: recorder).routes
    }

    /// Measures everything, and removes its mounts. Throws a ``BenchError``.
    package func run() throws -> BenchReport {
        defer { for route in routes { route.close() } }
        let machine = Machine(folder: folder.path)
        let start = KernelClock.monotonic
        tell("making files in \(folder.path)")
        try backing.prepare(plan.parts)
        try openRoutes()
        var results: [BenchReport.Result] = []
        for workload in plan.workloads {
            tell(workload.title)
            let samples = try measure(workload)
            results.append(BenchReport.Result(workload, samples))
        }
        let seconds = Double(KernelClock.monotonic - start) / 1e9
        return BenchReport(
            plan: plan, machine: machine, seconds: seconds, results: results, leftOut: leftOut)
    }

    private func openRoutes() throws {
        var usable: [any BenchRoute] = []
        for route in routes {
            try Interruption.check()
            // Its files may be many, and no workload needs them.
            guard plan.workloads.contains(where: route.carries) else { continue }
            do {
                try route.open()
                usable.append(route)
            } catch let error as BenchError where error.kind == .route {
                try Interruption.check()
                leave(route, nil, error.description)
                route.close()
            }
        }
        routes = usable
    }

    private func leave(_ route: any BenchRoute, _ workload: BenchWorkload?, _ reason: String) {
        leftOut.append(
            BenchReport.LeftOut(
                route: route.description, workload: workload?.name, reason: reason))
    }

    /// The samples of each route, by round; nil if the route failed in it.
    private func measure(
        _ workload: BenchWorkload
    ) throws -> [(route: RouteDescription, samples: [Sample?])] {
        var carrying = routes.filter { $0.carries(workload) }
        var samples: [[Sample?]] = carrying.map { _ in [] }
        if workload.changesFiles { for route in routes { route.rest() } }
        var failed: Set<Int> = []
        // Names that a route sees for the first time cost more than later, so that pass does not
        // count.
        if workload.needsWarmUp {
            for index in carrying.indices {
                try Interruption.check()
                // A failure here comes in the first round, too, and is reported there.
                _ = try? carrying[index].run(workload, seconds: plan.seconds, seed: 0)
            }
        }
        for round in 0..<plan.rounds {
            for turn in carrying.indices {
                let index = (turn + round) % carrying.count
                try Interruption.check()
                guard !failed.contains(index) else { continue }
                do {
                    samples[index].append(try pass(workload, carrying[index], round: round))
                } catch let error as BenchError where error.kind == .route {
                    try Interruption.check()
                    guard carrying[index].description.kind != .native else {
                        throw BenchError(
                            .folder,
                            "\(folder.path) cannot be measured (\(error.description)): "
                                + "name another folder with --folder FOLDER.")
                    }
                    failed.insert(index)
                    leave(carrying[index], workload, error.description)
                }
            }
        }
        let whole = carrying.indices.filter { !failed.contains($0) }
        samples = whole.map { samples[$0] }
        carrying = whole.map { carrying[$0] }
        return zip(carrying, samples).map { ($0.description, $1) }
    }

    private func pass(
        _ workload: BenchWorkload, _ route: any BenchRoute, round: Int
    ) throws -> Sample {
        if plan.dropsAllCaches { Self.dropCaches() }
        // The same reads for every route of a round.
        let seed = UInt64(round) &+ 1
        guard workload.changesFiles else {
            return try route.run(workload, seconds: plan.seconds, seed: seed)
        }
        // Otherwise every other mount of the directory would be told of each change, and react.
        try route.open()
        defer { route.rest() }
        return try route.run(workload, seconds: plan.seconds, seed: seed)
    }

    /// Root only; otherwise nothing happens, and the report says so.
    private static func dropCaches() {
        sync()
        guard let file = try? FileDescriptor.open(FilePath("/proc/sys/vm/drop_caches"), .writeOnly)
        else {
            return
        }
        _ = try? file.closeAfter { try file.writeAll("3".utf8) }
    }
}

/// The plan of a run.
package struct BenchPlan: Sendable {
    /// A mount that another program made.
    package struct Peer: Sendable {
        package let name: String
        package let path: FilePath

        package init(name: String, path: FilePath) {
            self.name = name
            self.path = path
        }
    }

    package var workloads = BenchWorkload.all
    package var rounds = 3
    /// Length of a pass; passes over a number of files take as long as they need.
    package var seconds = 0.3
    package var sizes = BenchSizes.full
    /// Numbers of no-op filters, with 0 first.
    package var filterCounts = [0, 1, 4, 8, 16]
    /// Only native and the kernel's own reads.
    package var isOfKernelRoute = false
    package var dropsAllCaches = false
    package var peers: [Peer] = []
    /// The mechanism of this process' O_DIRECT reads.
    package var engine = ReadEngines.Policy.automatic
    /// Further options for the bench's mounts, as for -o; empty for none.
    package var mountOptions = ""
    /// The program `bypassio` itself, which serves the mounts.
    package var program: FilePath
    /// The command line, to repeat the run.
    package var commandLine = ""

    package init(program: FilePath) {
        self.program = program
    }

    var parts: Set<BenchTree.Part> { Set(workloads.map(\.part)) }
}

/// Why the bench, or one of its routes, cannot go on.
package struct BenchError: Error, CustomStringConvertible {
    package enum Kind: Sendable {
        /// The folder cannot be written, or lacks room.
        case folder
        /// A route does not work here; the others do.
        case route
        /// A signal ended it.
        case interrupted
    }

    package let kind: Kind
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
