import HostFileSystem
import LinuxKit
import SystemPackage

/// Any bytes are tables of the kernel's; lines that are none are left out.
enum KernelTextHarness: Harness {
    static let name = "tables"

    static func attempt(_ input: [UInt8]) {
        let mounts = MountTable(parsing: input)
        let lines = input.split(separator: UInt8(ascii: "\n"))
        demand(mounts.entries.count <= lines.count, "a mount has a line")
        for entry in mounts.entries.prefix(8) { _ = mounts.entry(containing: entry.mountPoint) }
        demand(SwapTable(parsing: input).areas.count <= lines.count, "a swap area has a line")
    }
}
