import Glibc
import LinuxKit

/// The time that all CPUs of the machine were busy, from /proc/stat: ticks of 10 ms in most
/// kernels.
struct SystemTimes {
    /// In seconds.
    let busy: Double
    let idle: Double

    init?() {
        guard let line = KernelFile.text("/proc/stat")?.split(separator: "\n").first else {
            return nil
        }
        // user nice system idle iowait irq softirq steal; the guests' time is within user.
        let ticks = line.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
        guard ticks.count == 8 else { return nil }
        let second = Double(sysconf(Int32(_SC_CLK_TCK)))
        idle = (ticks[3] + ticks[4]) / second
        busy = ticks.reduce(0, +) / second - idle
    }
}
