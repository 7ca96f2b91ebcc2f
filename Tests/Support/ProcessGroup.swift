import CPosixCalls
import Foundation
import LinuxKit

/// A program in a process group of its own, for tests that wait for its end.
///
/// It hangs if no process of the group does anything for a while. Its duration says nothing: a busy
/// machine takes any time. Belongs to the thread that made it.
package final class ProcessGroup {
    /// The process identifier of the leader, and of the group.
    package let identifier: Int64
    private var code: Int32?

    /// A call failed with this errno.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Seconds without any progress that count as hanging.
    private static let patience = 60.0
    /// Seconds after which even a program that only loops is ended.
    private static let longest = 600.0

    /// - Parameters:
    ///   - words: the program's path and its arguments.
    ///   - input: -1 for nothing.
    package init(
        _ words: [String], in folder: String? = nil, environment: [String: String],
        input: Int32, output: Int32, errors: Int32
    ) throws {
        let variables = environment.map { "\($0.key)=\($0.value)" }
        let answer = unsafe call_spawn(
            Self.joined(words), Int32(words.count), Self.joined(variables), Int32(variables.count),
            folder, input, output, errors)
        guard answer > 0 else {
            throw Failure(description: "\(words) cannot be started (errno \(-answer))")
        }
        identifier = answer
        Leftovers.note(group: identifier)
    }

    deinit {
        if !hasEnded { _ = end() }
    }

    private static func joined(_ words: [String]) -> [CChar] {
        words.flatMap { Array($0.utf8CString) } + [0]
    }

    private var hasEnded: Bool {
        var ended: Int32 = 0
        if code == nil, unsafe call_ended(identifier, &ended) == 1 {
            code = ended
            Leftovers.forget(group: identifier)
        }
        return code != nil
    }

    /// The exit code, or the negated signal; nil if the program hangs even after a request to end.
    package func waitForEnd() -> Int32? {
        var progress = Self.progress(ofGroup: identifier)
        var lastChange = Date()
        let start = lastChange
        var pause: UInt32 = 500
        while !hasEnded {
            usleep(pause)
            pause = min(pause * 2, 20_000)
            guard -lastChange.timeIntervalSinceNow > Self.patience else { continue }
            let now = Self.progress(ofGroup: identifier)
            if now == progress || -start.timeIntervalSinceNow > Self.longest {
                _ = end()
                return nil
            }
            (progress, lastChange) = (now, Date())
        }
        return code
    }

    /// Ends the program first as its user would, so that it cleans up, then by force.
    private func end() -> Bool {
        for (signal, seconds) in [(SIGTERM, 10.0), (SIGKILL, 5)] {
            _ = call_signal_group(identifier, signal)
            let end = Date(timeIntervalSinceNow: seconds)
            while !hasEnded, Date() < end { usleep(5000) }
        }
        // Ends processes of the group that outlived their leader.
        _ = call_signal_group(identifier, SIGKILL)
        return hasEnded
    }

    /// Rises whenever a thread of the group does something: processor time and context switches.
    package static func progress(ofGroup group: Int64) -> UInt64 {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.filter { $0.first?.isNumber == true }.reduce(0) { sum, process in
            // proc_pid_stat(5): the text behind the name in brackets begins with the state; the
            // group is the third field, user and system time are the twelfth and thirteenth behind
            // it.
            guard let stat = KernelFile.text("/proc/\(process)/stat"),
                let name = stat.lastIndex(of: ")")
            else { return sum }
            let fields = stat[name...].split(separator: " ")
            guard fields.count > 13, Int64(fields[3]) == group else { return sum }
            let times = (UInt64(fields[12]) ?? 0) + (UInt64(fields[13]) ?? 0)
            return sum + times + switches(of: process)
        }
    }

    private static func switches(of process: String) -> UInt64 {
        let tasks = "/proc/\(process)/task"
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
        return threads.reduce(0) { sum, thread in
            let status = KernelFile.text("\(tasks)/\(thread)/status") ?? ""
            return status.split(separator: "\n").reduce(sum) { sum, line in
                guard line.contains("_ctxt_switches:") else { return sum }
                return sum + (line.split(separator: "\t").last.flatMap { UInt64($0) } ?? 0)
            }
        }
    }
}
