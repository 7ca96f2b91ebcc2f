import ArgumentParser
import Terminal

/// Suggests a command for a mistyped name. ArgumentParser suggests only options.
enum MistypedCommand {
    /// Explains the error and throws the exit code of a wrong command line if the arguments begin
    /// with a mistyped command.
    static func refuse(_ arguments: [String], of root: any ParsableCommand.Type) throws {
        var command = root
        var names = [root.configuration.commandName ?? "bypassio"]
        for argument in arguments {
            let below = command.configuration.subcommands
            guard !below.isEmpty, !argument.hasPrefix("-"), argument != "help" else { return }
            if let next = below.first(where: { name(of: $0) == argument }) {
                command = next
                names.append(argument)
                continue
            }
            let known = below.filter { $0.configuration.shouldDisplay }.map(name) + ["help"]
            guard let meant = nearest(to: argument, in: known) else { return }
            let usage = names.joined(separator: " ")
            StandardOutput.complain(
                """
                Error: Unexpected argument '\(argument.onOneLine)'. Did you mean '\(meant)'?
                Usage: \(usage) <subcommand>
                  See '\(usage) --help' for more information.
                """)
            throw CommandStatus.usage.exitCode
        }
    }

    private static func name(of command: any ParsableCommand.Type) -> String {
        command.configuration.commandName ?? ""
    }

    /// The name with the fewest changes from `word`; nil if they are many for its length.
    static func nearest(to word: String, in names: [String]) -> String? {
        // No name is as long, and the table below grows with the product.
        guard word.count <= 32 else { return nil }
        let found = names.map { (name: $0, changes: changes(from: word.lowercased(), to: $0)) }
            .min { $0.changes < $1.changes }
        guard let found, found.changes <= max(1, found.name.count / 3) else { return nil }
        return found.name
    }

    /// The number of letters inserted, removed, replaced, or exchanged with their neighbour.
    private static func changes(from: String, to: String) -> Int {
        let (from, to) = (Array(from), Array(to))
        var rows = [Array(0...to.count)]
        for i in from.indices {
            var row = [i + 1]
            for j in to.indices {
                let replaced = rows[i][j] + (from[i] == to[j] ? 0 : 1)
                var fewest = min(replaced, rows[i][j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, from[i] == to[j - 1], from[i - 1] == to[j] {
                    fewest = min(fewest, rows[i - 1][j - 1] + 1)
                }
                row.append(fewest)
            }
            rows.append(row)
        }
        return rows[from.count][to.count]
    }
}

/// `fsutil bypassIo state /v PATH`: people who know fsutil, and their scripts, write options this
/// way.
enum FsutilSwitch {
    /// Replaces the `/v` or `/V` of `state` by `--verbose`. Alone, `/v` is a path like any other.
    static func asOption(_ arguments: [String]) -> [String] {
        guard arguments.first == "state" else { return arguments }
        let operands = arguments.indices.dropFirst().prefix { arguments[$0] != "--" }
            .filter { !arguments[$0].hasPrefix("-") }
        let others = arguments.drop { $0 != "--" }.dropFirst()
        guard operands.count + others.count > 1,
            let place = operands.first(where: { ["/v", "/V"].contains(arguments[$0]) })
        else { return arguments }
        var translated = arguments
        translated[place] = "--verbose"
        return translated
    }
}

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
