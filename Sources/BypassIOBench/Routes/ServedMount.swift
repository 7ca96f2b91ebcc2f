import Foundation
import Glibc
import SystemPackage
import Terminal

/// A mount that another process serves, from its start to its end. Belongs to the thread that
/// measures.
final class ServedMount {
    /// In seconds: how long a service may take to start on a busy machine.
    private static let patience = 60.0
    /// In seconds: how long it may take to end before it gets another signal.
    private static let endPatience = 5.0

    let mountPoint: FilePath
    private let command: [String]
    private let messages: FilePath
    private var process: ChildProcess?

    /// `command` serves in the foreground until SIGTERM; `messages` is a file for its standard
    /// error.
    init(_ command: [String], at mountPoint: FilePath, messages: FilePath) {
        self.command = command
        self.mountPoint = mountPoint
        self.messages = messages
    }

    deinit { stop() }

    /// The serving process; nil if it does not run.
    var processID: Int32? {
        process.flatMap { $0.isRunning ? $0.processID : nil }
    }

    var isInstalled: Bool { command.first.flatMap(ChildProcess.path(of:)) != nil }

    /// The service's standard error.
    var complaint: String {
        let text = (try? String(contentsOfFile: messages.string, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").joined(separator: " ")
    }

    /// Starts it and waits until the mount is there. Throws a ``BenchError`` with its messages.
    func start() throws {
        guard process == nil else { return }
        let program = command.first ?? "The program"
        guard isInstalled else { throw BenchError(.route, "\(program) is not installed.") }
        try makeFiles()
        let process: ChildProcess
        do throws(ChildProcess.Failure) {
            process = try ChildProcess(command, errors: .file(messages))
        } catch {
            throw BenchError(.route, "\(error)")
        }
        self.process = process
        let end = Date(timeIntervalSinceNow: Self.patience)
        while !isMounted {
            guard process.isRunning, Date() < end else {
                let said = complaint
                stop()
                throw BenchError(
                    .route,
                    said.isEmpty
                        ? "\(program) mounted nothing within \(Int(Self.patience)) s." : said)
            }
            usleep(2000)
        }
    }

    private func makeFiles() throws {
        let manager = FileManager.default
        do {
            try manager.createDirectory(
                atPath: mountPoint.string, withIntermediateDirectories: true)
        } catch {
            throw BenchError(.route, "\(mountPoint) cannot be made: \(error.localizedDescription)")
        }
        guard manager.createFile(atPath: messages.string, contents: nil) else {
            throw BenchError(.folder, "\(messages) cannot be written.")
        }
    }

    /// A mount point lies on another device than its parent.
    private var isMounted: Bool {
        var own = stat()
        var above = stat()
        let isSeen =
            unsafe mountPoint.withPlatformString { unsafe stat($0, &own) } == 0
            || errno == ENOTCONN
        guard isSeen else { return false }
        let parent = mountPoint.removingLastComponent()
        guard unsafe parent.withPlatformString({ unsafe stat($0, &above) }) == 0 else {
            return false
        }
        return own.st_dev != above.st_dev
    }

    /// Unmounts and ends the process: first by a request, then by force.
    func stop() {
        guard let process else { return }
        self.process = nil
        process.terminate()
        if !process.wait(seconds: Self.endPatience) {
            // Files are open. A second signal ends it all the same.
            process.terminate()
            process.wait(seconds: 1)
        }
        if isMounted {
            let point = mountPoint.string
            if unsafe umount2(point, Int32(MNT_DETACH)) != 0 {
                _ = ChildProcess.output(of: ["fusermount3", "-u", "-z", point])
            }
        }
        process.end(within: 0)
        if !isMounted { _ = unsafe rmdir(mountPoint.string) }
    }
}
