import Foundation
import IOStack

// bypassio-interleavings [--program NAME] [--preemptions N] [--mutant NAME] [--replay 0,1,…] [--list]
var options: [String: String] = [:]
var arguments = CommandLine.arguments.dropFirst()
while let name = arguments.popFirst() {
    if name == "--list" {
        for program in Program.all { print(program.name) }
        exit(0)
    }
    guard ["--program", "--preemptions", "--mutant", "--replay"].contains(name),
        let value = arguments.popFirst()
    else {
        print(
            "bypassio-interleavings: \(name): expected --program, --preemptions, --mutant, --replay"
        )
        exit(64)
    }
    options[name] = value
}
let programs = Program.all.filter { options["--program"] == nil || $0.name == options["--program"] }
guard !programs.isEmpty else {
    print("bypassio-interleavings: no such program; --list names them")
    exit(64)
}
for program in programs {
    let replay = options["--replay"].map { $0.split(separator: ",").compactMap { Int($0) } }
    let bound = options["--preemptions"].flatMap { Int($0) } ?? program.preemptions
    let explorer = Explorer(
        program: program.name, threads: program.lengths.count,
        operations: program.lengths.max() ?? 0,
        maxPreemptions: bound.flatMap { $0 < 0 ? nil : $0 }, replay: replay)
    // Once without the scheduler: what the process makes once is made, and has its names.
    let first = try Stage(program, explorer)
    for body in first.bodies { body() }
    first.check()

    unsafe Interleaving.mutant = options["--mutant"]
    unsafe Interleaving.scheduler = explorer
    let begin = ContinuousClock.now
    var isLeft = true
    while isLeft {
        explorer.prepare()
        let stage = try Stage(program, explorer)
        isLeft = explorer.run(stage.bodies)
        stage.check()
        withExtendedLifetime(stage) {}
    }
    unsafe Interleaving.scheduler = nil
    unsafe Interleaving.mutant = nil
    let seconds = (ContinuousClock.now - begin).components.seconds
    let scope = explorer.search.maxPreemptions.map { "up to \($0) preemptions" } ?? "every order"
    print(
        "\(program.name): \(scope), \(explorer.search.states) states, "
            + "\(explorer.search.executions) executions, up to \(explorer.longest) steps, "
            + "\(explorer.search.restarts) restarts, \(seconds) s: holds")
}
