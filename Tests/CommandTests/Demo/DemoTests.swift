import Foundation
import Testing

/// One after the other, because each run takes all there is of the machine.
@Suite(
    .serialized, .enabled(if: BuiltCommand.isThere, "\(BuiltCommand.whyNot)"),
    .enabled(if: Host.takesDirectIO, "the file system of /var/tmp takes no direct I/O"))
struct DemoTests {
    private static let quick = ["--size", "8", "--reads", "500", "--rounds", "1", "--no-fio"]
    private static let reads: [String: UInt64] = [
        "whole file, 1 MiB, depth 8": 8, "random 4 KiB, depth 32": 500,
    ]

    private func run(_ folder: Workspace, _ options: String...) throws -> BuiltCommand.Outcome {
        try BuiltCommand.run(["demo", "--cache", folder.path("cache")] + Self.quick + options)
    }

    private func expectProof(_ answer: DemoAnswer) {
        #expect(Set(answer.proofs.map(\.workload)) == Set(Self.reads.keys))
        for proof in answer.proofs {
            #expect(proof.traditional == proof.bypass && proof.partial == proof.bypass)
            #expect(proof.bypass.count == 16)
        }
    }

    /// spec 4.1: which of the three filters and the volume driver see the reads of each route.
    private func expectCounts(_ answer: DemoAnswer) throws {
        #expect(answer.rows.count == 6)
        for row in answer.rows {
            let reads = try #require(Self.reads[row.workload])
            let isTraditional = row.route == "traditional"
            let seen = try #require(row.readsSeenByFilter)
            #expect(Set(seen.keys) == Set(answer.filters.map(\.name)))
            #expect(seen.values.allSatisfy { $0 == (isTraditional ? reads : 0) }, "\(row)")
            // The heat map looks before a read, the audit and the scanner before and after.
            #expect(row.filterCallbacksRun == (isTraditional ? 5 * reads : 0), "\(row)")
            let isFull = row.route == "bypass" && answer.before.kind == "supported"
            #expect(row.readsSeenByVolumeDriver == (isFull ? 0 : reads), "\(row)")
        }
    }

    @Test("spec 4.1: the bypass rows have no callback and no read seen, the others every one")
    func countsProofsAndVerdicts() throws {
        let folder = try Workspace()
        let first = try run(folder, "--json")
        #expect(first.code == 0, "\(first.errors)")
        let answer = try DemoAnswer(first)
        #expect(answer.bytes == 8 << 20)
        #expect(answer.path == folder.path("cache/demo-8MiB.data"))
        #expect(answer.filters.map(\.name) == ["readaudit", "contentscan", "accessheat"])
        #expect(answer.filterCosts.map(\.noOpFilters) == [0, 4, 16])
        expectProof(answer)
        try expectCounts(answer)
        #expect(answer.vetoed.kind == "notSupported")
        #expect(answer.vetoed.blocker?.driver == "readaudit")
        #expect(answer.vetoed.blocker?.win32 == 499)
        #expect(answer.partial.kind == "partiallySupported")
        #expect(answer.partial.blocker?.driver == "volmeter")
        expectRoutes(answer.mounted)
        try expectSecondRunAgrees(answer, folder)
    }

    /// Whatever the machine lets the demo mount, each handle's route is told, or why there is none.
    private func expectRoutes(_ mounted: DemoAnswer.Mounted) {
        let routes = mounted.passages.map(\.route)
        guard mounted.obstacle == nil else {
            #expect(routes.isEmpty || routes == ["traditional", "service bypass"])
            return
        }
        #expect(routes == ["traditional", "service bypass", "kernel bypass", "gated"])
        let callbacks = mounted.passages.map(\.callbacks)
        guard callbacks.count == 4 else { return }
        #expect(
            callbacks[0] >= 10_000 && callbacks[3] >= 6_000, "every read, five or three callbacks")
        #expect(callbacks[1] < 2000 && callbacks[2] < 2000, "no read")
    }

    /// The text says what the JSON said, over the same file.
    private func expectSecondRunAgrees(_ answer: DemoAnswer, _ folder: Workspace) throws {
        func identity() throws -> [AnyHashable?] {
            let facts = try FileManager.default.attributesOfItem(atPath: answer.path)
            return [facts[.systemFileNumber], facts[.modificationDate]].map { $0 as? AnyHashable }
        }
        let before = try identity()
        let second = try run(folder, "--engine", "threads")
        #expect(second.code == 0)
        #expect(second.errors.isEmpty, "nothing is written: \(second.errors)")
        #expect(try identity() == before)
        #expect(try folder.names(in: "cache") == ["demo-8MiB.data"])
        #expect(second.lines.contains { $0.hasPrefix("Reads:  pread on ") })
        for proof in answer.proofs {
            let line = "Same bytes on every route: \(proof.workload), hash \(proof.bypass)"
            #expect(second.lines.contains(line))
        }
        let titles = "callbacks  readaudit  contentscan  accessheat  volmeter"
        #expect(second.output.contains(titles))
        for row in answer.rows {
            let start = row.route.padding(toLength: 17, withPad: " ", startingAt: 0) + row.workload
            let line = try #require(second.lines.first { $0.hasPrefix(start) })
            let seen = answer.filters.map { row.readsSeenByFilter?[$0.name] ?? 99 }
            let counts = [row.filterCallbacksRun ?? 99] + seen + [row.readsSeenByVolumeDriver ?? 99]
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
        #expect(second.output.contains("the route of each handle:"))
    }

    @Test func theThreadsEngineReadsTheSameBytes() throws {
        let folder = try Workspace()
        let threads = try DemoAnswer(run(folder, "--json", "--engine", "threads"))
        #expect(threads.engine.hasPrefix("pread on "))
        expectProof(threads)
        try expectCounts(threads)
        let automatic = try DemoAnswer(run(folder, "--json"))
        #expect(automatic.proofs.map(\.bypass) == threads.proofs.map(\.bypass))
    }

    @Test func aRunThatIsKilledLeavesNoHalfFileUnderTheName() throws {
        let folder = try Workspace()
        let options = Self.quick.joined(separator: " ")
        // The shell's unit is 512 bytes: the kernel ends the writer at 2 MiB.
        let killed = try BuiltCommand.shell(
            """
            ulimit -f 4096
            exec env --default-signal=XFSZ "$bypassio" demo --cache cache \(options)
            """, in: folder)
        #expect(killed.code == -SIGXFSZ)
        #expect(try folder.names(in: "cache") == ["demo-8MiB.data.partial"])
        let refused = try BuiltCommand.shell(
            "trap '' XFSZ; ulimit -f 4096; exec \"$bypassio\" demo --cache cache \(options)",
            in: folder)
        #expect(refused.code == 73)
        #expect(refused.output.isEmpty)
        #expect(refused.errorLines.last?.contains("cannot be written (File too large)") == true)
        #expect(try folder.names(in: "cache").isEmpty)
        let whole = try run(folder, "--json")
        #expect(whole.code == 0)
        #expect(try folder.names(in: "cache") == ["demo-8MiB.data"])
        expectProof(try DemoAnswer(whole))
    }
}
