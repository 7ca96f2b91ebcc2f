import ArgumentParser
import BypassIOBench
import BypassIOClient
import BypassIOProtocol
import CKernelABI
import DirectRead
import Foundation
import LinuxKit
import SystemPackage
import Terminal

/// `bypassio read-as-program`: does what any program would do with a file of the mount. `sample`
/// runs it as a process of its own, because the process that serves must not use its mount.
struct SampleReader: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read-as-program", shouldDisplay: false)

    /// The results, for the process that started it.
    struct Answer: Codable {
        var reads = 0
        var seconds = 0.0
        /// The layer that refused; nil if none did, or without an ENABLE.
        var refusedBy: String?
        var reason: String?
        /// The route of its reads, and why no faster route was in use.
        var route: HandleRoute?
        var because: String?
    }

    @Argument var path: String
    @Option var reads = 2000
    /// Opens for writing too: the kernel does not read by itself for a handle that may write.
    @Flag var writable = false
    @Flag var enable = false
    /// Sends STREAM_PAUSE before it reads, and STREAM_RESUME after.
    @Flag var pause = false

    func run() throws {
        try reportingErrors {
            var answer = Answer()
            let file = try FileDescriptor.open(
                FilePath(path), writable ? .readWrite : .readOnly,
                options: .init(rawValue: BPIO_O_DIRECT))
            defer { try? file.close() }
            let client = BypassIOClient(file)
            if enable {
                let output = try client.manage(.enable)
                if let results = output.results, results.status.isError {
                    answer.refusedBy = results.driverName.string
                    answer.reason = results.failureReason.string
                }
            }
            if pause { _ = try client.manage(.streamPause) }
            try measure(file, &answer)
            let own = MountedState.handles(of: file).first { $0.openedBy == getpid() }
            (answer.route, answer.because) = (own?.route, own?.because)
            if pause { _ = try client.manage(.streamResume) }
            try JSONOutput.print(answer)
        }
    }

    private func measure(_ file: FileDescriptor, _ answer: inout Answer) throws {
        let size = try file.seek(offset: 0, from: .end)
        let blocks = UInt64(max(size / 4096, 1))
        let buffer = try AlignedBuffer(capacity: 4096)
        var random = SplitMix64(seed: 1)
        let start = ContinuousClock.now
        for _ in 0..<reads {
            let offset = random.next() % blocks * 4096
            let count = buffer.withMutableBytes(4096) { bytes in
                SynchronousTransfer.read(file, into: &bytes, at: offset)
            }
            guard count > 0 else {
                throw CommandError(.internalError, "\(path) cannot be read (\(count)).")
            }
            answer.reads += 1
        }
        answer.seconds = (ContinuousClock.now - start) / .seconds(1)
    }

    /// Runs a reader as a process of its own.
    static func run(_ path: FilePath, reads: Int, _ more: [String]) throws -> Answer {
        try OwnProcess.answer(["read-as-program", path.string, "--reads", "\(reads)"] + more)
    }
}
