internal import IOStack

/// What a file of a mounted volume tells about its bypass, in JSON, as an extended attribute that is
/// not listed.
struct StreamReport {
    static let attributeName = Array("user.bypassio.state".utf8)

    /// nil while nobody has the file open.
    private let stream: IOStack.Stream?

    init(_ stream: IOStack.Stream?) {
        self.stream = stream
    }

    var json: String {
        let cause = stream?.traditionalCause?.description
        return JSONText.object([
            ("handlesWithBypass", "\(stream?.bypassOpenCount ?? 0)"),
            ("isPaused", stream?.isPaused == true ? "true" : "false"),
            ("traditionalBecause", cause.map { JSONText.string($0) } ?? "null"),
        ])
    }
}
