import ArgumentParser

/// `bypassio demo` is gone: this tells scripts and people that use it where its parts are.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Gone: use bench --quick or sample.", shouldDisplay: false)

    /// Accepts all arguments, also options and --help.
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
