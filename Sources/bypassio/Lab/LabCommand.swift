import ArgumentParser

/// `bypassio lab`: scenarios, the conformance suite.
struct LabCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab",
        abstract: "Play scenarios: a stack, a script, and the answers that a rule demands.",
        discussion: "docs/lab.md explains the language; Scenarios/ has one or more for each rule.",
        subcommands: [LabRunCommand.self, LabNewCommand.self, LabConformanceCommand.self])
}
