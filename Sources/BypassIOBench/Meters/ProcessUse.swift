internal import CKernelABI
import Glibc
import LinuxKit
import SystemPackage
import Terminal

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

/// Counts the system calls of threads with the tracepoint raw_syscalls:sys_enter of perf_event.
final class SystemCallCounter {
    private let counters: [FileDescriptor]

    /// Why they cannot be counted here; nil if they can.
    static let obstacle: String? = {
        guard tracepoint != nil else {
            return "no tracepoint raw_syscalls:sys_enter is to be seen "
                + "(that takes root and a kernel with tracefs)"
        }
        let counter = bpio_perf_open_tracepoint(tracepoint ?? 0, 0)
        guard counter >= 0 else {
            return "perf_event_open refuses the tracepoint: \(Errno(rawValue: -counter))"
        }
        close(counter)
        return nil
    }()

    private static let tracepoint: UInt64? = {
        for folder in ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"] {
            let text = KernelFile.text("\(folder)/events/raw_syscalls/sys_enter/id")
            if let number = text.flatMap({ UInt64($0.filter(\.isNumber)) }) { return number }
        }
        // Not mounted: read in a mount name space of a process of its own, so that nothing stays.
        let text =
            geteuid() == 0
            ? ChildProcess.output(
                of: [
                    "unshare", "--mount", "sh", "-c",
                    "mount -t tracefs tracefs /sys/kernel/tracing && "
                        + "cat /sys/kernel/tracing/events/raw_syscalls/sys_enter/id",
                ]) : nil
        return text.flatMap { UInt64($0.filter(\.isNumber)) }
    }()

    /// Counts from here on, for the calling thread, every thread of `process` (0: none), and the
    /// threads that they start. nil if the kernel refuses.
    init?(process: Int32) {
        guard Self.obstacle == nil, let tracepoint = Self.tracepoint else { return nil }
        var counters: [FileDescriptor] = []
        for thread in [0] + (process == 0 ? [] : ProcessUse.threads(of: process)) {
            let counter = bpio_perf_open_tracepoint(tracepoint, thread)
            // A thread that ended meanwhile makes no calls any more.
            if counter >= 0 { counters.append(FileDescriptor(rawValue: counter)) }
        }
        self.counters = counters
    }

    deinit {
        for counter in counters { try? counter.close() }
    }

    var count: UInt64 {
        var sum: UInt64 = 0
        for counter in counters {
            var value: UInt64 = 0
            let read = unsafe withUnsafeMutableBytes(of: &value) {
                (try? unsafe counter.read(into: $0)) ?? 0
            }
            if read == 8 { sum += value }
        }
        return sum
    }
}
