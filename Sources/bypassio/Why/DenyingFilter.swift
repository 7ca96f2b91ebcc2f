import BypassIOProtocol
import ControlInterface
import Dispatch
import Foundation
import LinuxKit
import Locks
import SystemPackage
import Terminal

/// The filter that keeps this process from a file of a mount: found by asking for the file once
/// more, while the requests of this process are traced.
struct DenyingFilter {
    /// For the trace to begin, and for the request to be told.
    private static let patience: DispatchTimeInterval = .seconds(2)
    private static let most = 4096

    let name: String
    let altitude: String?
    /// What the filter said of it last, such as its rule.
    let reason: String?

    /// nil where the path is on no mount of this user's with a control interface, or no filter
    /// denies it.
    init?(_ path: FilePath) {
        guard let mount = MountTable.current.entry(containing: path), mount.isFUSE,
            let client = try? ControlClient(mountPoint: mount.mountPoint, patience: .seconds(2)),
            (try? client.checkMount()) != nil,
            let (layer, record) = Self.refusal(client, path)
        else { return nil }
        (name, altitude) = (layer.name, layer.altitude)
        let events = try? client.get("/v1/events?limit=\(Self.most)", as: EventPage.self).events
        let last = events?.last {
            $0.driver == layer.name && $0.path == record.path && $0.path != nil
        }
        reason = last.flatMap { $0.kind == .denied ? $0.reason ?? $0.text : $0.text }
    }

    var words: String {
        let place = altitude.map { " at altitude \($0)" } ?? ""
        return "the filter \(name)\(place) denies it"
            + (reason.map { ". \($0.asSentence)" } ?? ".")
    }

    /// The layer that answered a request of this process with a refusal.
    private static func refusal(
        _ client: ControlClient, _ path: FilePath
    ) -> (TraceRecord.Layer, TraceRecord)? {
        let found = Monitor<(TraceRecord.Layer, TraceRecord)?>(nil)
        let begun = DispatchSemaphore(value: 0)
        let ended = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            defer {
                begun.signal()
                ended.signal()
            }
            var lines = LineBuffer()
            try? client.follow("/v1/trace/stream?process=\(getpid())&milliseconds=2000") { piece in
                begun.signal()
                for line in lines.lines(adding: piece) {
                    guard
                        let record = try? JSONDecoder().decode(
                            TraceRecord.self, from: Data(line)),
                        let layer = record.refusal(of: .permissionDenied)
                    else { continue }
                    found.withLock { $0 = (layer, record) }
                    return false
                }
                return true
            }
        }
        _ = begun.wait(timeout: .now() + patience)
        _ = try? SystemCall.status(of: path, followingLinks: false)
        if let file = try? SystemCall.open(path, .pathOnly) {
            _ = try? SystemCall.extendedAttribute(
                Array(StackReport.attribute.utf8), of: file.descriptor)
        }
        _ = ended.wait(timeout: .now() + patience)
        return found.withLock { $0 }
    }
}

extension TraceRecord {
    /// The filter that answered the request itself, with that error.
    fileprivate func refusal(of error: Errno) -> Layer? {
        guard errno == error.rawValue else { return nil }
        return layers.last { $0.kind == "preCallback" && $0.outcome == "completed" }
            ?? layers.last { $0.kind == "kept" }
    }
}
