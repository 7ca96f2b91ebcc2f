import CPosixCalls
import Foundation

/// One case in one directory, on a thread of its own.
enum ConformanceRun {
    /// The record of the case; nil if it did not end in time.
    ///
    /// The thread has its own descriptors, umask and working directory, so no case leaves anything
    /// behind in this process.
    static func record(
        of body: @escaping ConformanceCase, in path: String, backing: String, within seconds: Double
    ) -> [String]? {
        OwnThread.value(within: seconds) {
            _ = call_close_own_copy_from(3)
            _ = call_own_working_directory()
            _ = call_umask(0)
            let entered = Answer(unsafe call_chdir(path))
            guard !entered.isError else { return ["chdir to the case's directory: \(entered)"] }
            let directory = ConformanceDirectory(path: path, backing: backing)
            body(directory)
            directory.end()
            _ = unsafe call_chdir("/")
            _ = call_close_own_copy_from(3)
            return directory.lines
        }
    }

    /// A tree's lines; nil if the file system did not answer in time.
    static func snapshot(of path: String, withTimes: Bool, within seconds: Double) -> [String]? {
        OwnThread.value(within: seconds) {
            TreeSnapshot(of: path, withTimes: withTimes).lines
        }
    }

    /// At most twelve lines in which two records differ, as text; nil if they are equal.
    static func difference(
        _ first: [String], _ second: [String], names: (String, String)
    ) -> String? {
        guard first != second else { return nil }
        let changes = second.difference(from: first).map { change in
            switch change {
            case .remove(let line, let text, _): (line, names.0, text)
            case .insert(let line, let text, _): (line, names.1, text)
            }
        }
        // The lines of both sides about a file begin with the same name.
        let sorted = changes.sorted { ($0.0, $0.1) < ($1.0, $1.1) }
        return sorted.prefix(12).map { "\($0.1) \($0.0): \($0.2)" }.joined(separator: "\n")
    }
}
