import ArgumentParser
import BypassIOProtocol
import ControlInterface
import Foundation
import IOStack
import LinuxKit
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
            altitude = try filter.make(filter.neededSettings).registration.altitude.description
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

/// `bypassio instances`: what `fltmc instances` shows on Windows.
struct InstancesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "instances",
        abstract: "Show which filters are attached to a mounted volume, or to all.",
        discussion: """
            VlStatus is Detaching while callbacks run that a detach waits for.

            Exit codes: 0 shown, 64 usage, 66 no bypassio volume there, 69 no control interface, \
            75 no answer, 77 not permitted.
            """)

    @OptionGroup var place: ControlPlaceOptions

    @Flag(help: "Print JSON.")
    var json = false

    @Argument(help: "Where the volume is mounted; without it, all that this user may ask.")
    var mountPoint: String?

    func run() throws {
        try reportingErrors {
            let instances: [InstanceReport]
            if let mountPoint {
                instances = try place.client(mountPoint).ask { client throws(ControlClientError) in
                    try client.get("/v1/instances")
                }
            } else {
                instances = Self.all
            }
            if json { return try JSONOutput.print(instances) }
            var table = FltmcTable.instances
            for one in instances.sorted(by: { $0.filter < $1.filter }) {
                table.append([
                    one.filter, one.volume, one.altitude, one.instance, "\(one.frame)",
                    Self.hexadecimal(one.features), one.status,
                ])
            }
            table.lines.map(\.onOneLine).forEach(StandardOutput.print)
        }
    }

    private static var all: [InstanceReport] {
        MountedServices.all.flatMap { service in
            (try? service.client.get("/v1/instances", as: [InstanceReport].self)) ?? []
        }
    }

    private static func hexadecimal(_ bits: UInt32) -> String {
        let digits = String(bits, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}

/// The mounts of this machine that look like bypassio's.
enum MountedServices {
    struct Service {
        let entry: MountEntry
        let client: ControlClient
    }

    static var all: [Service] {
        MountTable.current.entries.filter { $0.fileSystemType == "fuse.bypassio" }
            .compactMap { entry in
                guard
                    let client = try? ControlClient(
                        mountPoint: entry.mountPoint, patience: .seconds(5))
                else { return nil }
                return Service(entry: entry, client: client)
            }
    }
}

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

/// Columns as `fltmc` prints them: a title, a rule of the column's width at least, and two blanks
/// between columns.
struct FltmcTable {
    private let columns: [(title: String, width: Int, isRight: Bool)]
    private var rows: [[String]] = []

    init(_ columns: [(title: String, width: Int, isRight: Bool)]) { self.columns = columns }

    static let filters = FltmcTable([
        ("Filter Name", 30, false), ("Num Instances", 13, true), ("Altitude", 12, true),
        ("Frame", 5, true),
    ])

    static let countedFilters = FltmcTable(
        filters.columns + [
            ("BypassIO", 9, false), ("Pre Callbacks", 13, true), ("Post Callbacks", 14, true),
        ])

    static let instances = FltmcTable([
        ("Filter", 20, false), ("Volume Name", 37, false), ("Altitude", 12, true),
        ("Instance Name", 22, false), ("Frame", 5, true), ("SprtFtrs", 8, true),
        ("VlStatus", 8, false),
    ])

    static let volumes = FltmcTable([
        ("Mount Point", 30, false), ("Volume Name", 37, false), ("FileSystem", 10, false),
        ("Status", 8, false),
    ])

    mutating func append(_ row: [String]) { rows.append(row) }

    /// No trailing blanks.
    var lines: [String] {
        let widths = columns.indices.map { column in
            max(columns[column].width, rows.map { $0[column].count }.max() ?? 0)
        }
        func line(_ cells: [String]) -> String {
            let padded = columns.indices.map { column in
                let blanks = String(
                    repeating: " ", count: max(0, widths[column] - cells[column].count))
                return columns[column].isRight ? blanks + cells[column] : cells[column] + blanks
            }
            var text = Substring(padded.joined(separator: "  "))
            while text.last == " " { text.removeLast() }
            return String(text)
        }
        let rules = widths.map { String(repeating: "-", count: $0) }
        return [line(columns.map(\.title)), line(rules)] + rows.map(line)
    }
}
