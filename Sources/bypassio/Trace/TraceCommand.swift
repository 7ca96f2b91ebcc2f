import ArgumentParser
import BypassIOProtocol
import ControlInterface
import Foundation
import Glibc
import LinuxKit
import SystemPackage
import Terminal

/// `bypassio trace`: single requests on their way through the layers.
struct TraceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Follow single requests of a mount through its filters, with the time in each.",
        discussion: """
            Opens, reads, writes, controls and all else that comes to the service, each with its \
            process, its route and its layers: callbacks before and after, file system, storage. \
            Reads by the kernel come to no service and are not shown. It ends with Ctrl-C, with the \
            mount, or when the time is up, and goes on where a service takes the place of another, as \
            by bypassio restart. --output makes a file in Chrome's trace-event format, \
            which Perfetto opens (ui.perfetto.dev). While nobody traces nothing is recorded.

            Exit codes: 0 traced, 64 usage, 66 no bypassio volume there, 69 no control interface, \
            73 the file cannot be written, 75 no answer or too many traces, 77 not permitted.
            """)

    @OptionGroup var place: ControlPlaceOptions

    @Argument(help: "Where the volume is mounted.")
    var mountPoint: String

    @Option(
        help: ArgumentHelp(
            "Only requests about files like this.",
            discussion: """
                From the mount's root: * and ? stand for characters of a name, ** for any, [a-z] for \
                one of a set. A pattern without a slash is about the last name.
                """, valueName: "glob"))
    var path: String?

    @Option(help: ArgumentHelp("Only requests of this process.", valueName: "number"))
    var pid: Int32?

    @Option(
        name: .customLong("for"), help: ArgumentHelp("End after so long.", valueName: "seconds"))
    var time: Double?

    @Flag(help: "Print a line of JSON for each request.")
    var json = false

    @Option(
        help: ArgumentHelp("Write a trace-event file, for Perfetto.", valueName: "file"),
        completion: .file())
    var output: String?

    func validate() throws {
        if let time, !(0.001...86_400 ~= time) {
            throw ValidationError("--for takes 0.001 to 86400 seconds.")
        }
        if let pid, pid < 1 { throw ValidationError("--pid takes the number of a process.") }
        if let path, path.isEmpty { throw ValidationError("--path takes a pattern of paths.") }
        guard output == nil || !json else {
            throw ValidationError("--json and --output exclude each other.")
        }
    }

    func run() throws {
        try reportingErrors {
            let stop = try Self.stopOfSignals()
            let asked = try place.client(mountPoint)
            let view = try view(asked)
            var watch = try ServiceWatch(asked, mountPoint)
            let end = time.map { Date(timeIntervalSinceNow: $0) }
            try follow(asked, time, stop, view, &watch)
            while !stop.isStopped {
                if let end, end.timeIntervalSinceNow <= 0 { break }
                guard
                    try watch.next(until: stop, Self.loss) != .nowhere
                else { break }
                let left = end.map { max(0.001, $0.timeIntervalSinceNow) }
                // It may be replaced in this moment.
                do {
                    try follow(asked, left, stop, view, &watch)
                } catch let error as CommandError where error.status == .noInput {}
            }
            let report = try? asked.ask { client throws(ControlClientError) in
                try client.get("/v1/volume", as: VolumeReport.self)
            }
            try view.end(kernelHandles: report?.kernelRoute.openHandles)
        }
    }

    /// - Parameter time: in seconds; nil: until the mount ends, or `stop`.
    private func follow(
        _ asked: MountControlClient, _ time: Double?, _ stop: FollowStop, _ view: any TraceView,
        _ watch: inout ServiceWatch
    ) throws {
        var failure: (any Error)?
        var lines = LineBuffer()
        try asked.ask { client throws(ControlClientError) in
            // A service that came since is traced like the one before.
            let begun = {
                _ = watch.hasChanged(Self.loss)
                return true
            }
            try client.follow(question(time), until: stop, begun: begun) { piece in
                view.begin()
                do {
                    for line in lines.lines(adding: piece) { try show(line, view) }
                    return true
                } catch {
                    failure = error
                    return false
                }
            }
        }
        if let failure { throw failure }
    }

    /// Of another service.
    private static let loss = "Requests of the meantime are missing."

    private func view(_ asked: MountControlClient) throws -> any TraceView {
        if json { return TraceLines() }
        guard let output else { return TraceText() }
        let folder = ArgumentPath.path(output).removingLastComponent()
        if let real = try? SystemCall.realPath(folder.isEmpty ? "." : folder),
            real.starts(with: ArgumentPath.mountPoint(mountPoint))
        {
            throw CommandError(
                .usage, "\(output) lies on the mount, which would trace it: name a file elsewhere.")
        }
        return try TraceFile(output)
    }

    private func question(_ time: Double?) -> String {
        var parts: [String] = []
        if let path { parts.append("path=" + ControlClient.escaped(pattern(path))) }
        if let pid { parts.append("process=\(pid)") }
        if let time { parts.append("milliseconds=\(Int((time * 1000).rounded(.up)))") }
        return "/v1/trace/stream" + (parts.isEmpty ? "" : "?" + parts.joined(separator: "&"))
    }

    /// From the mount's root, although the user may have named the whole path.
    private func pattern(_ path: String) -> String {
        let root = ArgumentPath.mountPoint(mountPoint).string + "/"
        return path.hasPrefix(root) ? "/" + path.dropFirst(root.count) : path
    }

    private struct Lost: Decodable { let lost: UInt64 }

    private func show(_ line: [UInt8], _ view: any TraceView) throws {
        guard !line.isEmpty else { return }
        let decoder = JSONDecoder()
        if let record = try? decoder.decode(TraceRecord.self, from: Data(line)) {
            try view.show(record)
        } else if let missing = try? decoder.decode(Lost.self, from: Data(line)) {
            try view.showLost(missing.lost)
        }
    }

    /// Ctrl-C ends the trace, and a second one the command. Before any thread starts.
    private static func stopOfSignals() throws -> FollowStop {
        let stop = FollowStop()
        let blocked = SignalSet([SIGINT, SIGTERM])
        do throws(Errno) {
            try OwnThread.start(named: "signals") {
                var signals = blocked
                _ = signals.wait()
                stop.stop()
                _ = signals.wait()
                Glibc.exit(CommandStatus.interrupted.rawValue)
            }.detach()
        } catch {
            throw CommandError(.internalError, "No thread is to be had: \(error).")
        }
        return stop
    }
}

/// Lines of bytes that come in pieces.
struct LineBuffer {
    private var rest: [UInt8] = []

    /// Those that are whole now, without their ends.
    mutating func lines(adding piece: [UInt8]) -> [[UInt8]] {
        rest += piece
        guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        let whole = rest[..<end].split(separator: UInt8(ascii: "\n")).map { Array($0) }
        rest.removeFirst(end + 1)
        return whole
    }
}
