import ArgumentParser

/// Reads, writes, maps, truncates and renames at random, and compares the files with a model.
@main
struct ExerciserCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bypassio-exerciser",
        abstract: "Works on files at random, and compares them with a model all the time.",
        subcommands: [ExerciseCommand.self, WorkerCommand.self, ClientCommand.self],
        defaultSubcommand: ExerciseCommand.self)
}
