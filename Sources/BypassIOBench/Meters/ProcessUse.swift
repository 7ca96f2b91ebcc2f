import Glibc

/// CPU time and context switches of one process with all its threads.
struct ProcessUse {
    /// Seconds, user and system.
    var cpu = 0.0
    var contextSwitches: UInt64 = 0

    /// This process.
    static func own() -> ProcessUse {
        var usage = rusage()
        _ = unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return ProcessUse(
            cpu: seconds(CLOCK_PROCESS_CPUTIME_ID),
            contextSwitches: UInt64(usage.ru_nvcsw + usage.ru_nivcsw))
    }

    /// Another process; nil when it is gone.
    static func of(_ process: Int32) -> ProcessUse? {
        var clock = clockid_t()
        guard unsafe clock_getcpuclockid(process, &clock) == 0 else { return nil }
        var switches: UInt64 = 0
        for thread in threads(of: process) {
            guard let status = ProcFile.text("/proc/\(process)/task/\(thread)/status") else {
                continue
            }
            switches += ProcFile.number("voluntary_ctxt_switches", in: status) ?? 0
            switches += ProcFile.number("nonvoluntary_ctxt_switches", in: status) ?? 0
        }
        return ProcessUse(cpu: seconds(clock), contextSwitches: switches)
    }

    static func threads(of process: Int32) -> [Int32] {
        guard let folder = unsafe opendir("/proc/\(process)/task") else { return [] }
        defer { unsafe closedir(folder) }
        var threads: [Int32] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if let number = Int32(name) { threads.append(number) }
        }
        return threads
    }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        _ = unsafe clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
