import ArgumentParser

/// Counts what each route costs and compares it with stored limits.
@main
struct GuardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bypassio-guard",
        abstract:
            "Counts what each route costs, and compares it with stored limits. Times nothing.",
        subcommands: [CheckCommand.self, ClientCommand.self], defaultSubcommand: CheckCommand.self)
}
