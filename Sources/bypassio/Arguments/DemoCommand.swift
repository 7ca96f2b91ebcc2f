import ArgumentParser

/// `bypassio demo`, which is gone: scripts and people that know the word are told where its parts
/// are.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Gone: use bench --quick or sample.", shouldDisplay: false)

    /// Whatever it was given, its options and --help, too.
    @Argument(parsing: .captureForPassthrough)
    var arguments: [String] = []

    func run() throws {
        try reportingErrors {
            throw CommandError(
                .usage,
                "demo is gone: use bypassio bench --quick, which measures and proves the routes, "
                    + "or bypassio sample, which shows them on a mount.")
        }
    }
}
