import BypassIOMount
import BypassIOProtocol
import Foundation
import IOStack
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
