import ArgumentParser
import BypassIOBench
import Foundation
import IOStack
import SystemPackage

/// `bypassio filters`: what `fltmc instances` shows on Windows.
struct FiltersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "filters",
        abstract: "Show the filters of a mounted volume and their counters.",
        discussion: """
            Without a mount point it lists the filters that mount can attach.

            Exit codes: 0 shown, 64 usage, 66 no bypassio volume there.
            """)

    @Flag(help: "Print JSON.")
    var json = false

    @Argument(help: "Where the volume is mounted.")
    var mountPoint: String?

    func run() throws {
        try reportingErrors {
            guard let mountPoint else { return try listShipped() }
            let path = ArgumentPath.path(mountPoint)
            if json {
                StandardOutput.print(try VolumeFacts.json(of: path, named: mountPoint))
            } else {
                try VolumeFacts(of: path, named: mountPoint).lines.map(\.onOneLine).forEach(
                    StandardOutput.print)
            }
        }
    }

    private func listShipped() throws {
        var table = TextTable([("filter", .left), ("altitude", .right), ("what it does", .left)])
        for filter in ShippedFilter.allCases {
            table.append([
                filter.rawValue, try filter.make([]).altitude.description, filter.abstract,
            ])
            for key in filter.keys {
                table.append(["  ,\(key.name)=", "", key.meaning])
            }
        }
        table.lines.forEach(StandardOutput.print)
    }
}
