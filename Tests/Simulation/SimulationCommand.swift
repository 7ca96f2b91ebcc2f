import CPosixCalls
import Glibc

/// `bypassio-simulation [--seeds FIRST-LAST] [--seconds N] [--jobs N] [--mutant NAME]
/// [--seed N] [--history FILE] [--tell] [--longest]`
///
/// `--tell` prints a history and each message and answer of its run. Exit code 1: a promise was
/// broken; the shortest history found is printed, unless with `--longest`.
@main
struct SimulationCommand {
    private static let withValue = [
        "--seeds", "--seconds", "--jobs", "--mutant", "--seed", "--history",
    ]

    private var options: [String: String] = [:]
    private var runs: Runs { Runs(mutant: options["--mutant"]) }

    static func main() {
        var command = SimulationCommand()
        var rest = CommandLine.arguments.dropFirst()
        while let name = rest.popFirst() {
            if name == "--tell" || name == "--longest" {
                command.options[name] = ""
            } else if withValue.contains(name), let value = rest.popFirst() {
                command.options[name] = value
            } else {
                refuse("\(name): expected \(withValue.joined(separator: ", ")) --tell or --longest")
            }
        }
        // The order in which a dictionary gives its values depends on addresses and on the seed of
        // its hashes.
        var words = unsafe CommandLine.arguments.map { unsafe strdup($0) } + [nil]
        if unsafe call_fix_addresses(&words) != 0 {
            print("addresses cannot be fixed here: a seed may take another way in each run")
        }
        command.run()
    }

    private static func refuse(_ what: String) -> Never {
        print("bypassio-simulation: \(what)")
        exit(64)
    }

    private func run() -> Never {
        if let text = options["--seed"] {
            guard let seed = UInt64(text) else { Self.refuse("\(text) is no seed") }
            runOne(Generator.history(seed), "seed \(seed)")
        }
        if let path = options["--history"] { runOne(Self.history(path), path) }
        runSeeds()
    }

    private static func history(_ path: String) -> History {
        guard let file = unsafe fopen(path, "r") else { refuse("cannot read \(path)") }
        var bytes: [UInt8] = []
        while let byte = UInt8(exactly: unsafe fgetc(file)) { bytes.append(byte) }
        unsafe fclose(file)
        guard let history = History(String(decoding: bytes, as: UTF8.self)) else {
            refuse("\(path) is no history: a line `seed N N`, then a line for each step")
        }
        return history
    }

    private func runOne(_ history: History, _ title: String) -> Never {
        if options["--tell"] != nil {
            print(history)
            flush()
            exit(runs.end(runs.begin(history, isQuiet: false, tells: true)) ? 0 : 1)
        }
        guard runs.holds(history) else { report(history, title) }
        print("\(title): holds")
        exit(0)
    }

    /// Seed after seed, `--jobs` at a time.
    private func runSeeds() -> Never {
        let bounds = (options["--seeds"] ?? "1-1000000000").split(separator: "-").compactMap {
            UInt64($0)
        }
        guard bounds.count == 2, bounds[0] <= bounds[1] else {
            Self.refuse("--seeds takes FIRST-LAST")
        }
        let jobs = max(1, options["--jobs"].flatMap { Int($0) } ?? 2)
        let limit = options["--seconds"].flatMap { Int64($0) } ?? .max
        let began = ContinuousClock.now
        var seconds: Int64 { (ContinuousClock.now - began).components.seconds }
        var underWay: [(seed: UInt64, copy: Int64)] = []
        var done = 0
        func endFirst() {
            let (seed, copy) = underWay.removeFirst()
            guard runs.end(copy) else { report(Generator.history(seed), "seed \(seed)") }
            done += 1
        }
        for seed in bounds[0]...bounds[1] {
            if seconds >= limit { break }
            underWay.append((seed, runs.begin(Generator.history(seed), isQuiet: true)))
            if underWay.count >= jobs { endFirst() }
        }
        while !underWay.isEmpty { endFirst() }
        print("\(done) seeds hold, \(seconds) s")
        exit(0)
    }

    /// Prints the broken promise, and the shortest history that breaks one.
    private func report(_ history: History, _ title: String) -> Never {
        print("\(title) breaks a promise, in \(history.steps.count) steps:")
        flush()
        _ = runs.end(runs.begin(history, isQuiet: false))
        if options["--longest"] != nil { exit(1) }
        let shortest = runs.shortest(history)
        print("the shortest history found, \(shortest.steps.count) steps, for --history:")
        print(shortest)
        flush()
        _ = runs.end(runs.begin(shortest, isQuiet: false))
        exit(1)
    }
}
