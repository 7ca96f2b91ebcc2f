import Foundation
import Glibc
import LinuxKit

/// Context switches of those that wait; how often one is interrupted is the machine's affair.
enum Switches {
    static func ofThisProcess() -> Int {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        return usage.ru_nvcsw
    }

    /// Of the threads that a process has now.
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
