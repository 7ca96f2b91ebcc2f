import ArgumentParser
import BypassIOLab
import Foundation
import SystemPackage
import Terminal

/// `bypassio lab new`: writes a first scenario.
struct LabNewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Write a commented scenario to begin with.",
        discussion: """
            Without FILE it goes to standard output. A file that exists stays as it is.

            Exit codes: 0 written, 64 usage, 73 the file exists or cannot be written.
            """)

    @Argument(help: "The file to write.")
    var file: String?

    func run() throws {
        try reportingErrors {
            guard let file else {
                return StandardOutput.write(StarterScenario.text, to: .standardOutput)
            }
            do {
                let descriptor = try FileDescriptor.open(
                    ArgumentPath.path(file), .writeOnly,
                    options: [.create, .exclusiveCreate, .closeOnExec],
                    permissions: [.ownerReadWrite, .groupRead, .otherRead])
                try descriptor.closeAfter {
                    _ = try descriptor.writeAll(StarterScenario.text.utf8)
                }
            } catch {
                throw CommandError(
                    .cannotCreate, "\(file) cannot be made (\(error)): name a new file.")
            }
        }
    }
}
