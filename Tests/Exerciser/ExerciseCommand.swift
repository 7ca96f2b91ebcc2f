import ArgumentParser
import CPosixCalls
import Foundation

/// Runs several processes for a given time.
struct ExerciseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exercise",
        abstract: "Works in a directory with several processes, and finds differences to a model.",
        discussion: """
            Every process has a tree of its own, and bytes of its own in files that all share. It \
            prints the seed first; the same seed, number of processes and directory contents (none) \
            repeat a run: with --operations to the same end.

            Exit code 0: no difference. 1: a difference, whose description and last operations \
            are on standard error.
            """)

    @Option(help: "An empty directory, or one that is to be made.")
    var directory: String

    @Option(help: "The same directory behind the mount, compared at the end.")
    var backing: String?

    @Option(help: "What decides every operation; another one each time if it is left out.")
    var seed: UInt64?

    @Option(help: "How long to work.")
    var seconds: Int = 60

    @Option(help: "How many operations each process makes, instead of a time.")
    var operations: Int?

    @Option(help: "How many processes work.")
    var processes: Int = 4

    func validate() throws {
        guard (1...32).contains(processes) else {
            throw ValidationError("--processes: 1 to 32 work at once.")
        }
    }

    func run() throws {
        let seed = seed ?? UInt64.random(in: 1...UInt64(UInt32.max))
        Lines.output("seed \(seed), \(processes) processes, \(directory)")
        do {
            _ = unsafe call_mkdir(directory, 0o755)
            try SharedFiles.make(in: directory)
            let ended = try work(seed)
            Lines.output("no difference in \(ended) operations")
        } catch let finding as Finding {
            Lines.error("seed \(seed): \(finding)")
            throw ExitCode(1)
        }
    }

    /// Returns the number of operations of all processes.
    private func work(_ seed: UInt64) throws -> Int {
        let workers = try (0..<processes).map { index in
            try WorkerProcess(command: self, seed: seed, index: index)
        }
        // Far later than the last comparison ends.
        let end = call_clock() + Int64(seconds + 120) * 1_000_000_000
        while workers.contains(where: { !$0.hasEnded }) {
            if let failed = workers.first(where: { $0.hasEnded && $0.code != 0 }) {
                workers.forEach { $0.kill() }
                throw failed.finding()
            }
            if let hanging = workers.first(where: \.hangs)
                ?? (call_clock() > end ? workers[0] : nil)
            {
                let finding = hanging.finding(hangs: true)
                workers.forEach { $0.kill() }
                throw finding
            }
            usleep(50_000)
        }
        if let failed = workers.first(where: { $0.code != 0 }) { throw failed.finding() }
        return workers.reduce(0) { $0 + $1.operations }
    }
}
