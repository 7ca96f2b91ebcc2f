internal import BypassIOProtocol
internal import IOStack

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
        self.init(
            openedBy: handle.file.requestor.processID, route: route, because: cause,
            isRevocable: handle.decision?.opener?.door.isRevocable ?? true)
    }
}
