import Foundation
import Testing

/// Serialized, because each run uses the whole machine.
@Suite(
    .serialized, .enabled(if: BuiltCommand.isThere, "\(BuiltCommand.whyNot)"),
    .enabled(if: Host.takesDirectIO, "the file system of /var/tmp takes no direct I/O"))
struct ProofTests {
    private static let proof = ["--only", "proof", "--size", "8", "--rounds", "1"]
    private static let reads: [String: UInt64] = [
        "whole file, 1 MiB, depth 8": 8, "random 4 KiB, depth 32": 512,
    ]

    private func run(_ folder: Workspace, _ options: String...) throws -> BuiltCommand.Outcome {
        try BuiltCommand.run(
            ["bench", "--folder", folder.path("."), "--cache", folder.path("cache")] + Self.proof
                + options)
    }

    private func answer(_ outcome: BuiltCommand.Outcome) throws -> ProofAnswer {
        #expect(outcome.code == 0, "\(outcome.errors)")
        let answer = try BenchAnswer(outcome)
        #expect(answer.results.isEmpty && answer.proofObstacle == nil)
        return try #require(answer.proof)
    }

    private func expectSameBytes(_ answer: ProofAnswer) {
        #expect(Set(answer.comparisons.map(\.workload)) == Set(Self.reads.keys))
        for proof in answer.comparisons {
            #expect(proof.traditional == proof.bypass && proof.partial == proof.bypass)
            #expect(proof.bypass.count == 16)
        }
    }

    /// Expects the three filters and the volume driver to see the reads of each route that spec 4.1
    /// demands.
    private func expectCounts(_ answer: ProofAnswer) throws {
        #expect(answer.rows.count == 6)
        for row in answer.rows {
            let reads = try #require(Self.reads[row.workload])
            let isTraditional = row.route == "traditional"
            let seen = row.readsSeenByFilter
            #expect(Set(seen.keys) == Set(answer.filters.map(\.name)))
            #expect(seen.values.allSatisfy { $0 == (isTraditional ? reads : 0) }, "\(row)")
            // The heat map has a pre-read callback; the audit and the scanner have pre-read and
            // post-read callbacks.
            #expect(row.filterCallbacksRun == (isTraditional ? 5 * reads : 0), "\(row)")
            let isFull = row.route == "bypass" && answer.before.kind == "supported"
            #expect(row.readsSeenByVolumeDriver == (isFull ? 0 : reads), "\(row)")
        }
    }

    @Test("spec 4.1: the bypass rows have no callback and no read seen, the others every one")
    func countsProofsAndVerdicts() throws {
        let folder = try Workspace()
        let answer = try answer(run(folder, "--json", "-"))
        #expect(answer.bytes == 8 << 20)
        #expect(answer.path == folder.path("cache/proof-8MiB.data"))
        #expect(answer.filters.map(\.name) == ["readaudit", "contentscan", "accessheat"])
        expectSameBytes(answer)
        try expectCounts(answer)
        #expect(answer.vetoed.kind == "notSupported")
        #expect(answer.vetoed.blocker?.driver == "readaudit")
        #expect(answer.vetoed.blocker?.win32 == 499)
        #expect(answer.partial.kind == "partiallySupported")
        #expect(answer.partial.blocker?.driver == "volmeter")
        try expectSecondRunAgrees(answer, folder)
    }

    /// Expects that the text reports what the JSON did, over the same file.
    private func expectSecondRunAgrees(_ answer: ProofAnswer, _ folder: Workspace) throws {
        func identity() throws -> [AnyHashable?] {
            let facts = try FileManager.default.attributesOfItem(atPath: answer.path)
            return [facts[.systemFileNumber], facts[.modificationDate]].map { $0 as? AnyHashable }
        }
        let before = try identity()
        let second = try run(folder, "--engine", "threads")
        #expect(second.code == 0)
        #expect(!second.errors.contains("Writing"), "nothing is written: \(second.errors)")
        #expect(try identity() == before)
        #expect(try folder.names(in: "cache") == ["proof-8MiB.data"])
        #expect(second.lines.contains { $0.hasPrefix("Reads:  pread on ") })
        for proof in answer.comparisons {
            let line = "Same bytes on every route: \(proof.workload), hash \(proof.bypass)"
            #expect(second.lines.contains(line))
        }
        let titles = "callbacks  readaudit  contentscan  accessheat  volmeter"
        #expect(second.output.contains(titles))
        for row in answer.rows {
            let start = row.route.padding(toLength: 17, withPad: " ", startingAt: 0) + row.workload
            let line = try #require(second.lines.first { $0.hasPrefix(start) })
            let seen = answer.filters.map { row.readsSeenByFilter[$0.name] ?? 99 }
            let counts = [row.filterCallbacksRun] + seen + [row.readsSeenByVolumeDriver]
            let printed = line.split(separator: " ").suffix(5).map {
                UInt64($0.filter { $0 != "," })
            }
            #expect(printed == counts.map(Optional.some), "\(line)")
        }
        let veto = """
            While readaudit must see every read:
            BypassIo on "\(answer.path)" is not currently supported.
            Status: 499 (The specified operation is not supported while auditing is enabled on \
            the target object)
            Driver: readaudit
            Reason: Every read of this volume is being audited.

            """
        #expect(second.output.contains(veto))
        #expect(try folder.names() == ["cache"], "of the run nothing else is kept")
    }

    @Test func theThreadsEngineReadsTheSameBytes() throws {
        let folder = try Workspace()
        let threads = try answer(run(folder, "--json", "-", "--engine", "threads"))
        #expect(threads.engine.hasPrefix("pread on "))
        expectSameBytes(threads)
        try expectCounts(threads)
        let automatic = try answer(run(folder, "--json", "-"))
        #expect(automatic.comparisons.map(\.bypass) == threads.comparisons.map(\.bypass))
    }

    @Test func aRunThatIsKilledLeavesNoHalfFileUnderTheName() throws {
        let folder = try Workspace()
        let options = "--folder . --cache cache " + Self.proof.joined(separator: " ")
        // The shell's unit is 512 bytes: the kernel ends the writer at 2 MiB.
        let killed = try BuiltCommand.shell(
            """
            ulimit -f 4096
            exec env --default-signal=XFSZ "$bypassio" bench \(options)
            """, in: folder)
        #expect(killed.code == -SIGXFSZ)
        #expect(try folder.names(in: "cache") == ["proof-8MiB.data.partial"])
        let refused = try BuiltCommand.shell(
            "trap '' XFSZ; ulimit -f 4096; exec \"$bypassio\" bench \(options)",
            in: folder)
        #expect(refused.code == 73)
        #expect(refused.output.isEmpty)
        #expect(refused.errorLines.last?.contains("cannot be written (File too large)") == true)
        #expect(try folder.names(in: "cache").isEmpty)
        expectSameBytes(try answer(run(folder, "--json", "-")))
        #expect(try folder.names(in: "cache") == ["proof-8MiB.data"])
    }

    @Test func aSignalEndsTheProofToo() throws {
        let folder = try Workspace()
        let outcome = try BuiltCommand.shell(
            """
            "$bypassio" bench --only proof --size 4 --rounds 1000 --folder . --cache cache \
            2>errors &
            bench=$!
            until [ -e cache/proof-4MiB.data ] || ! kill -0 $bench; do sleep 0.05; done
            kill -INT $bench
            wait $bench
            """, in: folder)
        #expect(outcome.code == 130 && outcome.output.isEmpty)
        #expect(try folder.text("errors").contains("Stopped by a signal"))
        #expect(try folder.names() == ["cache", "errors"])
    }
}
