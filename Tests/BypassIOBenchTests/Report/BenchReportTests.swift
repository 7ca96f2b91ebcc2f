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

    @Test func theTableHasEveryRouteAndWhatWasLeftOut() {
        let lines = report.lines
        for route in [MadeUpReport.native, MadeUpReport.mount, MadeUpReport.fio] {
            #expect(lines.contains { $0.hasPrefix(route.title) })
        }
        #expect(lines.contains { $0.hasPrefix("Left out:") && $0.contains("stat") })
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
