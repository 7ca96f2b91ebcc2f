import BypassIOProtocol
import ControlInterface
import Foundation
import LinuxKit
import Locks
import SystemPackage

/// Looks at the requests of this process and at the events of a mount, from its making on. It has
/// the connections that it needs from then on: this process may take another user's rights later,
/// with whom the mount would not talk.
///
/// Any thread. Lock order: `seen` is a leaf.
final class DenialWitness: Sendable {
    private struct Refusal {
        let layer: TraceRecord.Layer
        let path: String?
    }

    private struct Seen {
        /// Connections that the mount has agreed to, or refused.
        var settled = 0
        var refusal: Refusal?
        var events: [ServiceEvent] = []
    }

    /// For the connections, a refused request and its event; the last comes behind the other two.
    private static let patience: Duration = .seconds(2)
    /// Events that are kept: those of files that others ask for do not matter.
    private static let most = 4096

    private let client: ControlClient
    private let seen = Monitor(Seen())
    private let stop = FollowStop()

    /// nil where the path is on no mount of FUSE that this process may control.
    init?(_ path: FilePath) {
        guard let mount = MountTable.current.entry(containing: path), mount.isFUSE,
            let client = try? ControlClient(
                mountPoint: mount.mountPoint, patience: Self.patience,
                elsewhere: { ToldControlPlace.path(of: mount.mountPoint) }),
            (try? client.checkMount()) != nil
        else { return nil }
        self.client = client
        follow("/v1/trace/stream?process=\(SystemCall.ownProcess)") { [seen] line in
            guard let record = try? JSONDecoder().decode(TraceRecord.self, from: line),
                let layer = record.refusal
            else { return }
            seen.withLock { $0.refusal = Refusal(layer: layer, path: record.path) }
        }
        follow("/v1/events/stream") { [seen] line in
            guard let event = try? JSONDecoder().decode(ServiceEvent.self, from: line) else {
                return
            }
            seen.withLock { seen in
                if seen.events.count == Self.most { seen.events.removeFirst(Self.most / 2) }
                seen.events.append(event)
            }
        }
    }

    deinit { stop.stop() }

    private func follow(_ path: String, _ take: @escaping @Sendable (Data) -> Void) {
        Thread.detachNewThread { [client, seen, stop] in
            var hasSettled = false
            func settle() {
                if !hasSettled { seen.withLock { $0.settled += 1 } }
                hasSettled = true
            }
            var lines = LineBuffer()
            let begun = {
                settle()
                return true
            }
            try? client.follow(path, until: stop, begun: begun) { piece in
                for line in lines.lines(adding: piece) { take(Data(line)) }
                return true
            }
            settle()
        }
    }

    /// Returns when what this process asks from now on is seen.
    func awaitBegin() { wait { $0.settled == 2 } }

    /// The filter that has refused a request of this process, and what it said of the file last.
    func denial() -> (name: String, altitude: String?, reason: String?)? {
        wait { $0.refusal != nil }
        guard let refusal = seen.withLock({ $0.refusal }) else { return nil }
        let name = refusal.layer.name
        let isMeant = { @Sendable (event: ServiceEvent) in
            event.driver == name && event.path == refusal.path && event.path != nil
        }
        wait { $0.events.contains(where: isMeant) }
        let last = seen.withLock { $0.events.last(where: isMeant) }
        return (
            name, refusal.layer.altitude,
            last.flatMap { $0.kind == .denied ? $0.reason ?? $0.text : $0.text }
        )
    }

    private func wait(_ isThere: @Sendable (Seen) -> Bool) {
        let end = ContinuousClock.now + Self.patience
        while !seen.withLock({ isThere($0) }), ContinuousClock.now < end {
            Thread.sleep(forTimeInterval: 0.002)
        }
    }
}

extension TraceRecord {
    /// The filter that denied the request itself.
    fileprivate var refusal: Layer? {
        guard [Errno.permissionDenied, .notPermitted].contains(where: { $0.rawValue == errno })
        else { return nil }
        return layers.last { $0.kind == "preCallback" && $0.outcome == "completed" }
            ?? layers.last { $0.kind == "kept" }
    }
}
