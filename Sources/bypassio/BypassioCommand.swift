import ArgumentParser

@main
struct BypassioCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bypassio",
        abstract: "BypassIO for Linux: reads that go past every filter, and the reason when not.",
        discussion: """
            Exit codes: 0 success (state: supported), 1 not supported (decode: malformed, lab: \
            failed; attach and its like: refused), 2 partially supported, 64 usage, 65 malformed \
            scenario or profile, 66 no such file or not readable, 69 no FUSE or no control \
            interface, 70 internal error, 73 folder or mount point cannot be used, 75 in use or no \
            answer, 77 not permitted, 130 stopped by a signal.
            """,
        version: "0.1.0",
        subcommands: [
            MountCommand.self, UmountCommand.self, RestartCommand.self, FiltersCommand.self,
            InstancesCommand.self, VolumesCommand.self, LoadCommand.self, UnloadCommand.self,
            AttachCommand.self,
            DetachCommand.self, SetCommand.self, StateCommand.self, WhyCommand.self,
            FsctlCommand.self, EventsCommand.self, TopCommand.self, TraceCommand.self,
            DecodeCommand.self, LabCommand.self, SampleCommand.self, BenchCommand.self,
            CollectCommand.self, AnswerCommand.self, PortsCommand.self, AuditCommand.self,
            UndoCommand.self, InitEncryptCommand.self,
            GuardCommand.self,
            DemoCommand.self, SampleReader.self, LabServiceCommand.self, GuardianCommand.self,
        ])

    /// mount(8) calls the program by other names, under which it is another program.
    static func main() {
        do {
            let program = CommandLine.arguments.first ?? ""
            let arguments = Array(CommandLine.arguments.dropFirst())
            if let call = try MountHelperCall(program: program, arguments: arguments) {
                return try call.run()
            }
            try MistypedCommand.refuse(arguments, of: Self.self)
            main(FsutilSwitch.asOption(arguments))
        } catch {
            exit(withError: error)
        }
    }
}
