import ArgumentParser
import Foundation
import SystemPackage
import Terminal

/// `bypassio read-by-every-route`: mounts, lets others read, and prints what came of it; run by
/// `demo` as a process of its own, since who serves a mount keeps signals for itself.
struct MountedRoutesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read-by-every-route", shouldDisplay: false)

    @Argument var folder: String
    @Argument var file: String

    func run() throws {
        try reportingErrors {
            var signals = VolumeService.signals()
            try JSONOutput.print(
                MountedRoutes(folder: FilePath(folder), file: FilePath(file), &signals))
        }
    }

    static func run(_ file: DemoFile) throws -> MountedRoutes {
        try OwnProcess.answer(["read-by-every-route", file.folder.string, file.name.string])
    }
}
