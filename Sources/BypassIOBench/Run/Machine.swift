import Foundation
import Glibc
import HostFileSystem
import LinuxKit
package import SystemPackage

/// The machine of a run, as far as it affects the figures.
package struct Machine: Codable, Sendable {
    package let kernel: String
    package let processor: String
    package let processors: Int
    /// MiB.
    package let memory: Int
    package let isVirtual: Bool
    /// The first CPU's; nil if the kernel does not scale its clock.
    package let governor: String?
    package let fileSystem: String
    package let device: String
    /// The CPUs' load by other programs before the run began, from 0 to 1.
    package let otherLoad: Double
    package let isRoot: Bool

    /// Watches the machine for half a second.
    package init(folder: FilePath) {
        let cpus = KernelFile.text("/proc/cpuinfo") ?? ""
        kernel = KernelFile.text("/proc/sys/kernel/osrelease").map(Self.trimmed) ?? "unknown"
        processor = Self.field("model name", in: cpus) ?? "unknown"
        processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        memory = sysconf(Int32(_SC_PHYS_PAGES)) / ((1 << 20) / sysconf(Int32(_SC_PAGESIZE)))
        isVirtual = Self.field("flags", in: cpus)?.contains("hypervisor") ?? false
        governor = KernelFile.text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
            .map(Self.trimmed)
        let entry = (try? MountTable())?.entries.filter { folder.starts(with: $0.mountPoint) }
            .max { $0.mountPoint.length < $1.mountPoint.length }
        fileSystem = entry?.fileSystemType ?? "unknown"
        device = entry.map { "\($0.source)" } ?? "unknown"
        isRoot = geteuid() == 0
        let before = SystemTimes()
        usleep(500_000)
        if let before, let after = SystemTimes() {
            let busy = after.busy - before.busy
            // The kernel rounds each of its counters by itself.
            otherLoad = max(0, busy / max(busy + after.idle - before.idle, 0.01))
        } else {
            otherLoad = 0
        }
    }

    private static func trimmed(_ text: String) -> String {
        text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func field(_ name: String, in text: String) -> String? {
        text.split(separator: "\n").first { $0.hasPrefix(name) }?
            .split(separator: ":", maxSplits: 1).last.map { trimmed(String($0)) }
    }
}
