internal import BypassIOProtocol
internal import IOStack
internal import LinuxKit

extension StreamReport {
    /// The limit of the handles' list in bytes: Linux takes 65,536 for an attribute, and programs
    /// choose how many handles there are.
    private static var room: Int { 60_000 }

    /// - Parameter stream: nil while the file is not open.
    init(_ stream: IOStack.Stream?, _ table: HandleTable) {
        let open = stream.map { table.handles(of: $0) } ?? []
        var told: [Handle] = []
        var size = 0
        for handle in open {
            let next = Handle(handle)
            size += ReportText.json(next).count + 1
            guard size <= Self.room else { break }
            told.append(next)
        }
        self.init(
            handlesWithBypass: stream?.bypassOpenCount ?? 0, isPaused: stream?.isPaused ?? false,
            traditionalBecause: stream?.traditionalCause?.description, handles: told,
            furtherHandles: open.count - told.count)
    }
}

extension StreamReport.Handle {
    fileprivate init(_ handle: OpenHandle) {
        let (route, cause) = handle.route
        let change = handle.lastRouteChange
        let ago = Int64(clamping: LayerClock.now) - Int64(clamping: change.moment)
        self.init(
            openedBy: handle.file.requestor.processID, route: route, because: cause,
            isRevocable: handle.decision?.opener?.door.isRevocable ?? true,
            since: WallTime(nanoseconds: WallTime.now.nanoseconds - ago).iso8601,
            seconds: Double(ago) / 1e9, changedBy: change.cause.word,
            cause: change.cause.description)
    }
}
