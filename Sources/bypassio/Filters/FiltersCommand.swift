import ArgumentParser
import BypassIOProtocol
import ControlInterface
import Foundation
import IOStack
import SystemPackage
import Terminal

/// `bypassio filters`: the counterpart of `fltmc filters` on Windows.
struct FiltersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "filters",
        abstract: "Show the filters of a mounted volume and their counters.",
        discussion: """
            Without a mount point it lists the filters that mount can attach, with --json as JSON, too.

            Exit codes: 0 shown, 64 usage, 66 no bypassio volume there, 75 its service does not answer.
            """)

    @Flag(help: "Print JSON.")
    var json = false

    @Argument(help: "Where the volume is mounted.", completion: .directory)
    var mountPoint: String?

    func run() throws {
        try reportingErrors {
            guard let mountPoint else {
                let shipped = try ShippedFilter.allCases.map(Shipped.init)
                if json { return try JSONOutput.print(shipped) }
                return Self.table(shipped).lines.forEach(StandardOutput.print)
            }
            let path = ArgumentPath.path(mountPoint)
            if json {
                StandardOutput.print(try VolumeReport.json(of: path, named: mountPoint))
            } else {
                let report = try VolumeReport(of: path, named: mountPoint)
                report.lines(Self.known(mountPoint)).map(\.onOneLine).forEach(
                    StandardOutput.print)
            }
        }
    }

    /// What only the control interface tells; nil where it cannot be asked.
    private static func known(_ mountPoint: String) -> FiltersReport? {
        let client = try? MountControlClient(mountPoint).client
        return try? client?.get("/v1/filters")
    }

    /// A filter that `mount` can attach.
    private struct Shipped: Encodable {
        struct Setting: Encodable {
            let name: String
            let meaning: String
        }

        let name: String
        let altitude: String
        let abstract: String
        let settings: [Setting]

        init(_ filter: ShippedFilter) throws {
            name = filter.rawValue
            altitude = try filter.make([]).registration.altitude.description
            abstract = filter.abstract
            settings = filter.keys.map { Setting(name: $0.name, meaning: $0.meaning) }
        }
    }

    private static func table(_ filters: [Shipped]) -> TextTable {
        var table = TextTable([("filter", .left), ("altitude", .right), ("what it does", .left)])
        for filter in filters {
            table.append([filter.name, filter.altitude, filter.abstract])
            for setting in filter.settings {
                table.append(["  ,\(setting.name)=", "", setting.meaning])
            }
        }
        return table
    }
}
