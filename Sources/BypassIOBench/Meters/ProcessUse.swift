import Glibc
import LinuxKit
import SystemPackage

/// CPU time and context switches of one process with all its threads.
struct ProcessUse {
    /// In seconds, user and system.
    var cpu = 0.0
    var contextSwitches: UInt64 = 0

    /// This process.
    static func own() -> ProcessUse {
        var usage = rusage()
        _ = unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return ProcessUse(
            cpu: KernelClock.ownCPUTime,
            contextSwitches: UInt64(usage.ru_nvcsw + usage.ru_nivcsw))
    }

    /// Another process; nil if it is gone.
    static func of(_ process: Int32) -> ProcessUse? {
        guard let cpu = KernelClock.cpuTime(of: process) else { return nil }
        var switches: UInt64 = 0
        for thread in threads(of: process) {
            guard let status = KernelFile.text("/proc/\(process)/task/\(thread)/status") else {
                continue
            }
            switches += KernelFile.number("voluntary_ctxt_switches", in: status) ?? 0
            switches += KernelFile.number("nonvoluntary_ctxt_switches", in: status) ?? 0
        }
        return ProcessUse(cpu: cpu, contextSwitches: switches)
    }

    static func threads(of process: Int32) -> [Int32] {
        KernelTree.entries(of: FilePath("/proc/\(process)/task")).compactMap { Int32($0) }
    }
}
