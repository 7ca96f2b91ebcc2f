import Foundation
import LinuxKit
import SystemPackage

/// The limit of the service's descriptors: every open file takes one.
enum ServiceLimits {
    /// Root raises its hard limit up to this, where the kernel permits it (fs.nr_open).
    private static let most: rlim_t = 1 << 20

    /// Raises the limit as far as this process may, or sets it to `wanted` if that is given.
    static func setDescriptors(_ wanted: UInt64?) {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(resource, &limit) == 0 else { return }
        let aim = wanted.map { rlim_t($0) } ?? max(limit.rlim_max, min(most, kernelLimit))
        var raised = rlimit(rlim_cur: aim, rlim_max: max(aim, limit.rlim_max))
        if unsafe setrlimit(resource, &raised) == 0 { return }
        // Only root may raise the hard limit.
        limit.rlim_cur = min(aim, limit.rlim_max)
        _ = unsafe setrlimit(resource, &limit)
    }

    /// fs.nr_open: no limit may exceed it.
    private static var kernelLimit: rlim_t {
        let text = KernelFile.text("/proc/sys/fs/nr_open")
        let number = text.flatMap { rlim_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        return number ?? 0
    }
}

/// How far the kernel reads ahead in the file system that a mount shows.
enum SourceReadAhead {
    /// In KiB; nil where sysfs has no value, as for file systems of several devices.
    static func amount(of path: FilePath) -> UInt32? {
        var status = stat()
        guard unsafe path.withPlatformString({ unsafe stat($0, &status) }) == 0 else { return nil }
        // Splits a dev_t as the C library does (sys/sysmacros.h).
        let device = UInt64(status.st_dev)
        let major = (device >> 8) & 0xFFF | (device >> 32) & ~0xFFF
        let minor = device & 0xFF | (device >> 12) & ~0xFF
        let place = "/sys/class/bdi/\(major):\(minor)/read_ahead_kb"
        guard let text = KernelFile.text(place) else { return nil }
        return UInt32(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }
}
