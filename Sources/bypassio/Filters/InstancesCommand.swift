import ArgumentParser
import BypassIOProtocol
import ControlInterface
import LinuxKit
import SystemPackage
import Terminal

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
