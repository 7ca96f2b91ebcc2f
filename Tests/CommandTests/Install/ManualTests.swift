import Foundation
import Testing

/// The manual that `packaging/man` makes of the built command.
@Suite(
    .enabled(if: BuiltCommand.isThere, "\(BuiltCommand.whyNot)"),
    .enabled(if: Repository.python != nil, "needs python3"))
struct ManualTests {
    /// A command of `--experimental-dump-help`, as far as a page has to show it.
    private struct Command: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String

            var typed: String { (kind == "long" ? "--" : "-") + name }
        }

        struct Argument: Decodable {
            let kind: String
            let shouldDisplay: Bool?
            let names: [Name]?
            let valueName: String?

            var isShown: Bool { shouldDisplay ?? true }
        }

        let commandName: String
        let shouldDisplay: Bool?
        let arguments: [Argument]?
        let subcommands: [Command]?

        var isShown: Bool { (shouldDisplay ?? true) && commandName != "help" }

        /// Itself and all below, by their names with hyphens.
        func all(above: String = "") -> [(name: String, command: Command)] {
            let name = above.isEmpty ? commandName : "\(above)-\(commandName)"
            return [(name, self)]
                + (subcommands ?? []).filter(\.isShown).flatMap { $0.all(above: name) }
        }
    }

    private struct Dump: Decodable { let command: Command }

    private func manual() throws -> Workspace {
        let folder = try Workspace()
        let outcome = try Repository.run(
            "packaging/man", "--command", Repository.command, "--output", folder.path("man"))
        try #require(outcome.code == 0, "\(outcome.errors)")
        return folder
    }

    /// Roff with its escapes for minus and quotation marks undone, to look for words.
    private func words(_ page: String) -> String {
        page.replacingOccurrences(of: "\\-", with: "-")
            .replacingOccurrences(of: "\\(aq", with: "'")
    }

    @Test func everyCommandHasAPageWithEveryArgumentAndOption() throws {
        let folder = try manual()
        let text = try BuiltCommand.run("--experimental-dump-help").output
        let dump = try JSONDecoder().decode(Dump.self, from: Data(text.utf8))
        let commands = dump.command.all()
        let first = words(try folder.text("man/man1/bypassio.1"))
        #expect(commands.count > 10)
        for (name, command) in commands {
            let page = words(try folder.text("man/man1/\(name).1"))
            for section in [
                "NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "SEE ALSO",
            ]
            where !page.contains("\n.SH \"\(section)\"\n") && !page.contains("\n.SH \(section)\n") {
                Issue.record("\(name)(1) has no \(section)")
            }
            for argument in (command.arguments ?? []).filter(\.isShown) {
                for spelling in (argument.names ?? []).map(\.typed) {
                    #expect(
                        page.contains(".TP\n\\fB\(spelling)\\fR")
                            || page.contains(", \\fB\(spelling)\\fR"), "\(spelling) in \(name)(1)")
                }
                if argument.kind == "positional", let value = argument.valueName {
                    #expect(page.contains(".TP\n\\fI\(value)\\fR\n"), "\(value) in \(name)(1)")
                }
            }
            #expect(name == "bypassio" || first.contains("\\fB\(name)\\fR(1)"), "\(name)")
        }
        let pages = try folder.names(in: "man/man1").map { String($0.dropLast(2)) }
            .sorted()
        #expect(pages == commands.map(\.name).sorted(), "no page without a command")
    }

    @Test func everyOptionOfAMountIsInItsPage() throws {
        let page = words(try manual().text("man/man5/bypassio-options.5"))
        let help = try BuiltCommand.run("mount", "--help").output
            .split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let list = try #require(help.firstMatch(of: /separated by commas: (.*?), and those of/)).1
        let names = list.split(separator: ",").map { $0.filter { $0 != " " && $0 != "=" } }
        #expect(names.count > 20)
        for name in names {
            #expect(
                page.contains("\\fB\(name)=") || page.contains("\\fB\(name)\\fR"), "\(name)")
        }
    }

    @Test(.enabled(if: Repository.find("groff") != nil, "needs groff"))
    func groffHasNothingToWarnOf() throws {
        let folder = try manual()
        let checked = try BuiltCommand.shell(
            "for page in man/man*/*; do groff -man -ww -z -Tutf8 -rLL=78n \"$page\"; done",
            in: folder)
        #expect(checked.code == 0 && checked.errors.isEmpty, "\(checked.errors)")
    }

    @Test(.enabled(if: Repository.find("mandoc") != nil, "needs mandoc"))
    func mandocHasNothingToWarnOf() throws {
        let checked = try BuiltCommand.shell(
            "mandoc -T lint -W warning man/man*/*", in: try manual())
        #expect(checked.code == 0 && checked.output.isEmpty, "\(checked.output)")
    }

    @Test func anUnknownPageIsRefused() throws {
        let folder = try Workspace()
        let outcome = try Repository.run(
            "packaging/man", "--command", "/nowhere", "--output", folder.path("man"))
        #expect(outcome.code != 0)
        #expect(try folder.names() == [])
    }
}
