import Foundation
import LinuxKit
import Testing

/// Serialized, because each run uses the whole machine. The tests check that each figure is there;
/// they compare no figure with another.
@Suite(
    .serialized, .enabled(if: BuiltCommand.isThere, "\(BuiltCommand.whyNot)"),
    .enabled(if: Host.takesDirectIO, "the file system of /var/tmp takes no direct I/O"))
struct BenchTests {
    private static let fuse = FileManager.default.fileExists(atPath: "/dev/fuse")

    private func run(_ folder: Workspace, _ options: String...) throws -> BuiltCommand.Outcome {
        try BuiltCommand.run(
            ["bench", "--quick", "--seconds", "0.01", "--folder", folder.path(".")] + options)
    }

    /// Expects that the bench left no file and no mount.
    private func expectNothingLeft(_ folder: Workspace) throws {
        #expect(try folder.names().filter { $0.hasPrefix("bypassio-bench") }.isEmpty)
        let mounts = try #require(KernelFile.text("/proc/self/mounts"))
        #expect(!mounts.contains(folder.url.lastPathComponent))
    }

    @Test func everyFigureOfEveryRouteIsThere() throws {
        let folder = try Workspace()
        let outcome = try run(
            folder, "--only", "4k-1,4k-8,stat,create,unlink", "--rounds", "2", "--json", "-")
        #expect(outcome.code == 0, "\(outcome.errors)")
        let answer = try BenchAnswer(outcome)
        #expect(answer.format == 1 && answer.settings.rounds == 2)
        #expect(answer.results.map(\.workload) == ["4k-1", "4k-8", "stat", "create", "unlink"])
        for result in answer.results {
            #expect(result.rows.first?.route.kind == "native", "the limit stands first")
            for row in result.rows {
                let speed = try #require(row.operationsPerSecond)
                #expect(speed.min > 0 && speed.min <= speed.median && speed.median <= speed.max)
                #expect(row.latency50 != nil && row.ownCPU != nil && row.contextSwitches != nil)
                #expect((row.throughputRatio == nil) == (row.route.kind == "native"))
                #expect(
                    (row.serviceCPU != nil) == row.route.kind.hasPrefix("mount")
                        || row.route.kind == "peer")
            }
        }
        let direct = Set(answer.results[0].rows.map(\.route.kind))
        let out = Set(answer.leftOut.map(\.route.kind))
        for kind in ["native", "inProcessTraditional"] { #expect(direct.contains(kind)) }
        for kind in [
            "fio", "inProcessBypass", "mountTraditional", "mountServiceBypass", "mountKernel",
        ] {
            #expect(
                direct.contains(kind) || out.contains(kind), "\(kind) is neither there nor left out"
            )
        }
        #expect(answer.leftOut.allSatisfy { !$0.reason.isEmpty })
        #expect(!out.contains("inProcessTraditional"), "it needs nothing that may be missing")
        try expectNothingLeft(folder)
    }

    @Test(
        .enabled(if: BuiltCommand.isRoot && fuse && Host.varTmpIsExt4, "needs root, FUSE and ext4"))
    func theRoutesRunHasTheKernelRouteWithAndWithoutFilters() throws {
        let folder = try Workspace()
        let outcome = try run(
            folder, "--routes", "--only", "4k-1,cached-random-warm", "--json", "-")
        #expect(outcome.code == 0, "\(outcome.errors)")
        let answer = try BenchAnswer(outcome)
        for result in answer.results {
            let kernel = result.rows.filter { $0.route.kind == "mountKernel" }
            #expect(kernel.map(\.route.filters) == [0, 8], "\(answer.leftOut)")
            #expect(
                result.rows.allSatisfy { ["native", "fio", "mountKernel"].contains($0.route.kind) })
        }
        try expectNothingLeft(folder)
    }

    @Test func reportsAreWritten() throws {
        let folder = try Workspace()
        let outcome = try run(
            folder, "--only", "4k-8", "--json", folder.path("r.json"), "--html",
            folder.path("r.html"), "--markdown", folder.path("r.md"))
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.lines.contains { $0.hasPrefix("native") }, "the table is printed, too")
        #expect(try folder.text("r.html").hasPrefix("<!DOCTYPE html>"))
        #expect(try folder.text("r.md").contains("| native |"))
        #expect(try folder.text("r.md").contains("bypassio bench --quick"))
        #expect(try folder.text("r.json").contains("\"format\" : 1"))
        try expectNothingLeft(folder)
    }

    @Test func aPeerIsAnyDirectory() throws {
        let folder = try Workspace()
        let other = try Workspace()
        let outcome = try run(
            folder, "--only", "4k-1,unlink", "--peer", "other=\(other.path("."))", "--peer",
            "gone=/nowhere/at/all", "--json", "-")
        #expect(outcome.code == 0, "\(outcome.errors)")
        let answer = try BenchAnswer(outcome)
        for result in answer.results { #expect(result.rows.contains { $0.route.name == "other" }) }
        #expect(answer.leftOut.contains { $0.route.name == "gone" && !$0.reason.isEmpty })
        #expect(try other.names().isEmpty)
        try expectNothingLeft(folder)
    }

    @Test(arguments: ["INT", "TERM"]) func aSignalLeavesNothingBehind(signal: String) throws {
        let folder = try Workspace()
        let outcome = try BuiltCommand.shell(
            """
            "$bypassio" bench --quick --seconds 1 --rounds 100 --only 4k-1 --folder . 2>errors &
            bench=$!
            until grep -q 'depth 1' errors || ! kill -0 $bench; do sleep 0.05; done
            kill -\(signal) $bench
            wait $bench
            """, in: folder)
        // A background process of a shell ignores SIGINT unless it restores the signal, as ours
        // does.
        #expect(outcome.code == 130)
        #expect(try folder.text("errors").contains("Stopped by a signal"))
        try expectNothingLeft(folder)
    }
}
