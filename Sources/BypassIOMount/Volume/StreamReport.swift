internal import IOStack

/// What a file of a mounted volume tells about its bypass, in JSON, as an extended attribute that
/// is not listed.
struct StreamReport {
    static let attributeName = Array("user.bypassio.state".utf8)

    /// nil while nobody has the file open.
    private let stream: IOStack.Stream?

    private let handles: [OpenHandle]

    /// Of the handles' list, bytes: Linux takes 65,536 of an attribute, and whoever opens a file
    /// chooses how many handles there are.
    private static let room = 60_000

    init(_ stream: IOStack.Stream?, _ handles: HandleTable) {
        self.stream = stream
        self.handles = stream.map { handles.handles(of: $0) } ?? []
    }

    var json: String {
        let cause = stream?.traditionalCause?.description
        var list: [String] = []
        var size = 0
        for handle in handles {
            let text = Self.json(of: handle)
            size += text.utf8.count + 1
            guard size <= Self.room else { break }
            list.append(text)
        }
        return JSONText.object([
            ("handlesWithBypass", "\(stream?.bypassOpenCount ?? 0)"),
            ("isPaused", stream?.isPaused == true ? "true" : "false"),
            ("traditionalBecause", cause.map { JSONText.string($0) } ?? "null"),
            ("handles", "[\(list.joined(separator: ","))]"),
            ("furtherHandles", "\(handles.count - list.count)"),
        ])
    }

    private static func json(of handle: OpenHandle) -> String {
        let (route, cause) = handle.route
        return JSONText.object([
            ("openedBy", "\(handle.file.requestor.processID)"),
            ("route", JSONText.string(route.rawValue)),
            ("because", cause.map { JSONText.string($0) } ?? "null"),
            ("isRevocable", handle.decision?.opener?.door.isRevocable == false ? "false" : "true"),
        ])
    }
}
