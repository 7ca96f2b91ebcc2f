import ArgumentParser
import DirectRead
import SystemPackage
import Terminal

/// `bypassio demo`: the whole system over a real file, with and without the filters.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Read a real file through three filters and past them, and compare.",
        discussion: """
            Makes a volume over a folder of its own with a file of real data (written once), \
            attaches three minifilters, and reads the file over the traditional route and over \
            the bypass route. Needs neither root nor FUSE. If fio is installed it reads the same \
            file in the same rounds. At the end, where FUSE is to be had, other processes read the \
            file on a mount by every route that their handles may have.

            Exit codes: 0 done, 64 usage, 70 internal error or routes that returned \
            different bytes, 73 the folder cannot be written or takes no direct I/O.
            """)

    @Option(
        help: ArgumentHelp(
            "Where the data file is kept (default: bypassio under XDG_CACHE_HOME or ~/.cache).",
            valueName: "folder"))
    var cache: String?

    @Option(help: ArgumentHelp("Size of the data file.", valueName: "MiB"))
    var size = 256

    @Option(help: ArgumentHelp("Random reads in one pass.", valueName: "count"))
    var reads = 20_000

    @Option(help: ArgumentHelp("Passes over each route; medians are shown.", valueName: "count"))
    var rounds = 5

    @Option(help: "What carries the reads: automatic, ring or threads.")
    var engine = DemoEngine.automatic

    @Flag(inversion: .prefixedNo, help: "Compare with fio if it is installed.")
    var fio = true

    @Flag(help: "Print everything as one JSON object.")
    var json = false

    func validate() throws {
        guard (1...65_536).contains(size) else {
            throw ValidationError("--size must be 1 to 65536 MiB.")
        }
        guard (1...100_000_000).contains(reads) else {
            throw ValidationError("--reads must be 1 to 100000000.")
        }
        guard (1...1000).contains(rounds) else {
            throw ValidationError("--rounds must be 1 to 1000.")
        }
    }

    func run() throws {
        try reportingErrors {
            try engine.check()
            let folder = try DemoFolder(cache)
            let file = DemoFile(folder: folder.path, size: UInt64(size) << 20)
            try file.prepare()
            let demo = try Demo(
                file: file, reads: reads, rounds: rounds, engine: engine.policy, usesFio: fio)
            let report = try demo.run()
            if json {
                try JSONOutput.print(report)
            } else {
                report.lines.map(\.onOneLine).forEach(StandardOutput.print)
            }
            guard report.proofs.allSatisfy(\.isSame) else {
                throw CommandStatus.internalError.exitCode
            }
        }
    }
}

enum DemoEngine: String, ExpressibleByArgument, CaseIterable {
    case automatic
    case ring
    case threads

    var policy: ReadEngines.Policy {
        switch self {
        case .automatic: .automatic
        case .ring: .ring
        case .threads: .threadPool
        }
    }

    /// Says why the engine that was asked for cannot be had here, before anything is written.
    func check() throws {
        do throws(ReadEngineError) {
            try ReadEngines.make(depth: 1, slotSize: 4096, policy: policy).close()
        } catch {
            throw CommandError(
                .internalError, "\(error); leave out --engine to read by what is allowed.")
        }
    }
}
