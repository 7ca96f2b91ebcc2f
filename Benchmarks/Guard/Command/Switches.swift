import Foundation
import Glibc
import LinuxKit

/// Counts the switches of threads that wait. How often the kernel interrupts a thread depends on
/// the machine.
enum Switches {
    static func ofThisProcess() -> Int {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        return usage.ru_nvcsw
    }

    /// The switches of a process's present threads.
    static func of(process: Int32) throws -> Int {
        let tasks = "/proc/\(process)/task"
        return try FileManager.default.contentsOfDirectory(atPath: tasks).reduce(0) { sum, task in
            let status = KernelFile.text("\(tasks)/\(task)/status") ?? ""
            return status.matches(of: /(?m)^voluntary_ctxt_switches:\s*([0-9]+)/).reduce(sum) {
                $0 + (Int($1.1) ?? 0)
            }
        }
    }
}
