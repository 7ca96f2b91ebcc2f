import Foundation

/// strace at a running process, while it lasts.
final class SystemCallTrace {
    private let process = Process()
    private let folder: ScratchFolder
    private let errors: URL

    /// Returns when every thread is traced.
    init(process identifier: Int32) throws {
        guard let strace = Tool.find("strace") else {
            throw MeasurementError("strace is not installed (Debian package strace)")
        }
        folder = try ScratchFolder()
        errors = try folder.makeFile("errors")
        process.executableURL = URL(fileURLWithPath: strace)
        // The first eight bytes of what is read tell a request's opcode.
        process.arguments = [
            "-f", "-xx", "-s", "8", "-o", folder.path + "/trace", "-p", "\(identifier)",
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        let end = Date(timeIntervalSinceNow: 10)
        while !(try String(contentsOf: errors, encoding: .utf8)).contains("attached") {
            guard process.isRunning, Date() < end else {
                throw MeasurementError(
                    "strace does not attach: \(try String(contentsOf: errors, encoding: .utf8))")
            }
            usleep(5000)
        }
        // It tells of the threads one by one.
        usleep(50_000)
    }

    deinit {
        if process.isRunning { process.interrupt() }
        process.waitUntilExit()
    }

    /// Lets the process go, and returns the trace.
    func finish() throws -> TraceText {
        // What the kernel sends after the program has its answer, such as RELEASE.
        usleep(100_000)
        process.interrupt()
        process.waitUntilExit()
        return TraceText(
            try String(contentsOfFile: folder.path + "/trace", encoding: .utf8))
    }
}
