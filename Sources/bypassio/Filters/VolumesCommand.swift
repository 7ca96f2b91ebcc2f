import ArgumentParser
import BypassIOProtocol
import ControlInterface
import LinuxKit
import SystemPackage
import Terminal

/// `bypassio volumes`: what `fltmc volumes` shows on Windows.
struct VolumesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "volumes",
        abstract: "Show the mounted volumes of this machine.",
        discussion: """
            Status is empty for a volume that is served, and says otherwise why its service cannot \
            be asked: Gone, No answer, Not yours, No control.

            Exit codes: 0 shown, 64 usage.
            """)

    @Flag(help: "Print JSON.")
    var json = false

    private struct Row: Encodable {
        let mountPoint: String
        let volume: String
        let fileSystem: String?
        let status: String
    }

    func run() throws {
        try reportingErrors {
            let rows = MountedServices.all.map(Self.row)
            if json { return try JSONOutput.print(rows) }
            var table = FltmcTable.volumes
            for row in rows {
                table.append([row.mountPoint, row.volume, row.fileSystem ?? "", row.status])
            }
            table.lines.map(\.onOneLine).forEach(StandardOutput.print)
        }
    }

    private static func row(_ service: MountedServices.Service) -> Row {
        let place = service.entry.mountPoint.string
        do throws(ControlClientError) {
            try service.client.checkMount()
            let report: VolumeReport = try service.client.get("/v1/volume")
            return Row(
                mountPoint: place, volume: report.volume, fileSystem: report.fileSystem, status: "")
        } catch {
            return Row(
                mountPoint: place, volume: service.entry.source, fileSystem: nil,
                status: error.state)
        }
    }
}

extension ControlClientError {
    fileprivate var state: String {
        switch status {
        case .noInput: "Gone"
        case .inUse: "No answer"
        case .notPermitted: "Not yours"
        default: "No control"
        }
    }
}
