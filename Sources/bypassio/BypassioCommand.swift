import ArgumentParser

@main
struct BypassioCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bypassio",
        abstract: "BypassIO for Linux: reads that go past every filter, and the reason when not.",
        discussion: """
            Exit codes: 0 success (state: supported), 1 not supported (decode: malformed), \
            2 partially supported, 64 usage, 66 no such file or not readable, 70 internal error, \
            73 the cache folder cannot be written.
            """,
        version: "0.1.0",
        subcommands: [
            MountCommand.self, UmountCommand.self, FiltersCommand.self, StateCommand.self,
            DecodeCommand.self, DemoCommand.self,
        ])
}
