import Foundation
import Testing

@testable import BypassIOBench

struct BenchReportTests {
    private let report = MadeUpReport.make()

    private func row(_ route: RouteDescription) throws -> BenchReport.Row {
        try #require(report.results.first?.rows.first { $0.route == route })
    }

    @Test func ratiosAreOfTheSameRound() throws {
        let mount = try row(MadeUpReport.mount)
        #expect(mount.throughputRatio == Spread([0.5, 0.5, 0.75]))
        #expect(mount.operationsPerSecond == Spread([500, 1000, 3000]))
        // CPU of a read: 1 s for 500 against 0.5 s for 1000, and so on.
        let expected = try #require(Spread([4, 4, 8.0 / 3]))
        let found = try #require(mount.ownCPURatio)
        #expect(abs(found.median - expected.median) < 1e-9 && abs(found.min - expected.min) < 1e-9)
        #expect(try row(MadeUpReport.native).throughputRatio == nil)
    }

    @Test func latenciesAreMicrosecondsWithinABucket() throws {
        let mount = try row(MadeUpReport.mount)
        let median = try #require(mount.latency50).median
        #expect(median >= 40 && median <= 40 * (1 + 1.0 / 32))
        #expect(try row(MadeUpReport.fio).latency99 == Spread([20, 20, 20]))
    }

    @Test func whatOneRoundDoesNotTellIsNoFigure() throws {
        let fio = try row(MadeUpReport.fio)
        #expect(fio.systemCPU == nil && fio.systemCPURatio == nil && fio.distribution.isEmpty)
        #expect(fio.ownCPURatio != nil)
    }

    @Test func jsonComesBackAsItWent() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let first = try encoder.encode(report)
        let second = try encoder.encode(JSONDecoder().decode(BenchReport.self, from: first))
        #expect(first == second)
    }

    /// This machine, as if other programs had used the given share of its CPUs.
    private func machine(load: Double) throws -> Machine {
        let encoded = try JSONEncoder().encode(report.machine)
        var fields = try #require(
            JSONSerialization.jsonObject(with: encoded) as? [String: Any])
        fields["otherLoad"] = load
        return try JSONDecoder().decode(
            Machine.self, from: JSONSerialization.data(withJSONObject: fields))
    }

    @Test func aNoisyMachineIsToldBeforeTheFigures() throws {
        let warning = "Noisy machine: other programs used 25.0 % of the CPUs"
        let noisy = MadeUpReport.make(on: try machine(load: 0.25))
        #expect(noisy.lines.first?.hasPrefix(warning) == true, "\(noisy.lines.first ?? "")")
        #expect(noisy.markdown.hasPrefix("# bypassio bench\n\n**\(warning)"))
        let place = try #require(noisy.html.range(of: "<p class=\"warning\">\(warning)")).lowerBound
        #expect(try place < #require(noisy.html.range(of: "<h1>")).lowerBound)

        let quiet = MadeUpReport.make(on: try machine(load: 0.05))
        for text in [quiet.lines.joined(separator: "\n"), quiet.markdown, quiet.html] {
            #expect(!text.contains("Noisy machine"))
            #expect(text.contains("used 5.00 % of the CPUs"))
        }
    }

    @Test func theTableHasEveryRouteAndWhatWasLeftOut() {
        let lines = report.lines
        for route in [MadeUpReport.native, MadeUpReport.mount, MadeUpReport.fio] {
            #expect(lines.contains { $0.hasPrefix(route.title) })
        }
        #expect(lines.contains { $0.hasPrefix("Left out:") && $0.contains("stat") })
    }

    @Test func theCostOfAFilterIsTheSlopeOfTheStack() {
        func lines(_ counts: [Int]) -> [String] {
            // Microseconds of a read: 500, and 2 for each filter.
            let stack = counts.map { count in
                let cpu = 0.5 + 0.002 * Double(count)
                return (
                    route: RouteDescription("stack", .inProcessTraditional, filters: count),
                    samples: [Sample?](arrayLiteral: MadeUpReport.sample(reads: 1000, cpu: cpu))
                )
            }
            return BenchReport.Result(BenchWorkload.all[2], stack).lines
        }
        let cost = "Each filter adds 2000 ns of CPU to a traditional read in process."
        #expect(lines([0, 4, 8]).last == cost)
        #expect(lines([8, 0]).last == cost)
        #expect(lines([8]).allSatisfy { !$0.hasPrefix("Each filter") })
        #expect(report.lines.allSatisfy { !$0.hasPrefix("Each filter") })
    }

    @Test func markdownTablesHaveTheSameCellsInEveryRow() throws {
        let rows = report.markdown.split(separator: "\n").filter { $0.hasPrefix("|") }
        #expect(rows.count == 2 + 5)
        let cells = rows.map { $0.replacing("\\|", with: "").count { $0 == "|" } }
        #expect(Set(cells) == [BenchReport.Result.columns.count + 2])
        #expect(report.markdown.contains(report.settings.command))
        #expect(report.markdown.contains("a \\< b & c d"))
    }
}
