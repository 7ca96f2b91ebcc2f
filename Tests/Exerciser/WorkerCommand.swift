import ArgumentParser
import CPosixCalls

/// One process of an exercise; `exercise` starts it.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "One process of an exercise.", shouldDisplay: false)

    @Option var directory: String
    @Option var backing: String?
    @Option var seed: UInt64
    @Option var index: Int
    @Option var processes: Int
    @Option var seconds: Int
    @Option var operations: Int?
    @Option var log: String

    /// Prints the number of operations. A difference goes to standard error, with exit code 1.
    func run() throws {
        let worker: Worker
        do {
            worker = try Worker(
                directory: "\(directory)/p\(index)", backing: backing.map { "\($0)/p\(index)" },
                seed: seed, index: index, log: log)
            let shared = try SharedFiles(in: directory, index: index, processes: processes)
            try exercise(worker, shared)
        } catch let finding as Finding {
            throw CleanExit.failed(finding)
        }
        Lines.output("\(worker.log.count)")
    }

    private func exercise(_ worker: Worker, _ shared: SharedFiles) throws {
        let end = call_clock() + Int64(seconds) * 1_000_000_000
        while operations.map({ worker.log.count < $0 }) ?? (call_clock() < end) {
            if worker.random.oneIn(10) {
                try shared.step(worker)
            } else {
                try worker.step()
            }
        }
        try worker.checkAtTheEnd()
        try shared.checkAtTheEnd(worker, backing: backing)
    }
}

extension CleanExit {
    /// Prints the finding to standard error and returns exit code 1.
    fileprivate static func failed(_ finding: Finding) -> any Error {
        Lines.error(finding.description)
        return ExitCode(1)
    }
}
