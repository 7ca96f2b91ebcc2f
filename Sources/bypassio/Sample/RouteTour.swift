import ArgumentParser
import BypassIOBench
import BypassIOClient
import BypassIOMount
import BypassIOProtocol
import CKernelABI
import DirectRead
import Foundation
import IOStack
import LinuxKit
import SystemPackage
import Terminal

/// The same reads of other processes by every route of a mount.
struct RouteTour {
    static let reads = 2000
    /// How long the service may take to learn that a file has closed.
    private static let patience = Duration.seconds(5)

    /// One process's reads.
    struct Passage: Codable {
        let handle: String
        /// The route of the handle's reads; nil if the mount did not tell it.
        let route: HandleRoute?
        /// Why no faster route was in use.
        let because: String?
        let microsecondsPerRead: Double
        /// Callbacks that the filters ran meanwhile.
        let callbacks: UInt64
        /// The layer that refused the ENABLE, if the process sent it.
        let refusedBy: String?
        let reason: String?
    }

    private let service: VolumeService
    private(set) var passages: [Passage] = []

    /// - Parameter file: on the mount that `service` serves.
    init(_ service: VolumeService, reading file: FilePath) throws {
        self.service = service
        // The service carries the reads of a handle that may write.
        try pass("opened for writing, too", file, "--writable")
        try pass("the same, after FS_BPIO_OP_ENABLE", file, "--writable", "--enable")
        guard service.mounted.kernelReadObstacle == nil else { return }
        try pass("opened for reading, by any program", file)
        try pass("the same, after FS_BPIO_OP_STREAM_PAUSE", file, "--pause")
    }

    private mutating func pass(_ handle: String, _ path: FilePath, _ more: String...) throws {
        waitUntilClosed()
        let before = callbacks
        let answer = try SampleReader.run(path, reads: Self.reads, more)
        passages.append(
            Passage(
                handle: handle, route: answer.route, because: answer.because,
                microsecondsPerRead: answer.seconds / Double(max(answer.reads, 1)) * 1e6,
                callbacks: callbacks - before, refusedBy: answer.refusedBy, reason: answer.reason))
    }

    /// The kernel reports a close a moment later, and does not read a file itself while another
    /// handle uses its cache.
    private func waitUntilClosed() {
        let end = ContinuousClock.now + Self.patience
        while service.mounted.openHandleCount > 0, ContinuousClock.now < end { usleep(1000) }
    }

    private var callbacks: UInt64 { service.callbacks.reduce(0, +) }

    static func lines(_ passages: [Passage]) -> [String] {
        var table = TextTable([
            ("\(reads) reads of 4 KiB by a program of its own", .left), ("route", .left),
            ("us/read", .right), ("callbacks run by the filters", .right),
        ])
        for passage in passages {
            table.append([
                passage.handle, passage.route?.rawValue ?? "not known",
                Figures.fixed(passage.microsecondsPerRead, 1),
                Figures.grouped(passage.callbacks),
            ])
        }
        return table.lines + passages.compactMap(\.remark)
            + [
                "(open and close are callbacks, too, and before it lets ENABLE pass the scanner",
                " reads the file once, which the filters below it see)",
            ]
    }
}

extension RouteTour.Passage {
    fileprivate var remark: String? {
        if let refusedBy { return "  \(handle): \(refusedBy) refuses: \(reason ?? "")" }
        return route == .gated ? because.map { "  gated because \($0)" } : nil
    }
}

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
