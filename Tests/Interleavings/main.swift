import Foundation
import IOStack

// bypassio-interleavings [--program NAME] [--preemptions N] [--mutant NAME] [--replay 0,1,…]
//     [--unreduced] [--list]
var options: [String: String] = [:]
var arguments = CommandLine.arguments.dropFirst()
while let name = arguments.popFirst() {
    if name == "--unreduced" {
        options[name] = ""
        continue
    }
    if name == "--list" {
        for program in Program.all { print(program.name) }
        exit(0)
    }
    guard ["--program", "--preemptions", "--mutant", "--replay"].contains(name),
        let value = arguments.popFirst()
    else {
        print(
            "bypassio-interleavings: \(name): expected --program, --preemptions, --mutant, --replay, "
                + "each with a value, --unreduced or --list"
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
    let explorer = Explorer(
        program: program.name, threads: program.lengths.count,
        operations: program.lengths.max() ?? 0,
        maxPreemptions: options["--preemptions"].flatMap { Int($0) },
        isReduced: options["--unreduced"] == nil, replay: replay)
    // Runs once without the scheduler, so that objects that the process makes only once exist and
    // have their numbers.
    let first = try Stage(program, explorer)
    for body in first.bodies { body() }
    first.check()

    unsafe Interleaving.mutant = options["--mutant"]
    unsafe Interleaving.scheduler = explorer
    let begin = ContinuousClock.now
    while explorer.prepare() {
        let stage = try Stage(program, explorer)
        explorer.run(stage.bodies)
        stage.check()
        explorer.noteEnd()
        withExtendedLifetime(stage) {}
    }
    unsafe Interleaving.scheduler = nil
    unsafe Interleaving.mutant = nil
    let seconds = (ContinuousClock.now - begin).components.seconds
    let scope =
        explorer.search.maxPreemptions.map { "up to \($0) preemptions" }
        ?? (options["--unreduced"] == nil ? "every order" : "every thread in every state")
    print(
        "\(program.name): \(scope), \(explorer.search.states) states, "
            + "\(explorer.knowledge.threadStates.count) of threads, "
            + "\(explorer.search.ends) ends, \(explorer.knowledge.size) transitions, "
            + "\(explorer.executions) executions, up to \(explorer.longest) steps, "
            + "\(explorer.search.restarts) restarts, \(seconds) s: holds")
}
