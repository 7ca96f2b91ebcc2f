import Foundation

/// strace, attached to a running process.
final class SystemCallTrace {
    private let process = Process()
    private let folder: ScratchFolder
    private let errors: URL

    /// Returns when strace traces every thread.
    init(process identifier: Int32) throws {
        guard let strace = Tool.find("strace") else {
            throw MeasurementError("strace is not installed (Debian package strace)")
        }
        folder = try ScratchFolder()
        errors = try folder.makeFile("errors")
        process.executableURL = URL(fileURLWithPath: strace)
        // The first eight bytes of a read contain a request's opcode.
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
        // strace reports the threads one by one.
        usleep(50_000)
    }

    deinit {
        if process.isRunning { process.interrupt() }
        process.waitUntilExit()
    }

    /// Detaches from the process, and returns the trace.
    func finish() throws -> TraceText {
        // The kernel sends some requests, such as RELEASE, after it has answered the program.
        usleep(100_000)
        process.interrupt()
        process.waitUntilExit()
        return TraceText(
            try String(contentsOfFile: folder.path + "/trace", encoding: .utf8))
    }
}
