import Foundation
import LinuxKit

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
