internal import FUSE
internal import IOStack
internal import LinuxKit

/// Requests that a process that died had begun, and for which it had no reply yet: the kernel sends
/// them again. Their effect may be there or not (docs/restart.md).
///
/// Any thread. Lock order: a leaf.
final class BegunRequests: Sendable {
    /// By the number by which they came first.
    private let requests: Guarded<[UInt64: RecoveryTable.Request]>
    /// When the process was found dead, nanoseconds of the wall clock.
    private let death: Int64

    /// - Parameter table: of the process that died; nil: none did.
    init(_ table: RecoveryTable?) {
        var all: [UInt64: RecoveryTable.Request] = [:]
        for request in table?.requests ?? [] where request.reply == nil {
            all[request.unique] = request
        }
        requests = Guarded(all)
        death = Int64(clamping: table?[.death] ?? 0)
    }

    /// What was begun of this request, if it came before. Once.
    func take(_ context: RequestContext) -> BegunRequest? {
        guard context.unique.cameAgain else { return nil }
        let request = requests.withLock { $0.removeValue(forKey: context.unique.original) }
        return request.map { BegunRequest(before: $0.before, began: $0.began, death: death) }
    }
}

/// A request that a process had begun when it died.
struct BegunRequest {
    /// What the operation noted before its effect.
    let before: [UInt64]
    let began: Int64
    let death: Int64

    /// File systems stamp with a clock that stands for up to ten milliseconds.
    private static let tick: Int64 = 20_000_000

    /// Whether a file was made by the request: while it was carried. Another program may have made
    /// it behind the mount in the same moment.
    func made(_ information: FileInformation) -> Bool {
        guard let time = information.birthTime else { return false }
        let (seconds, isTooMuch) = time.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !isTooMuch else { return false }
        let born = seconds + Int64(time.nanoseconds)
        return born >= began - Self.tick && born <= death + Self.tick
    }
}
