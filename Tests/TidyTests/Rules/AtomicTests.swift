import Testing

/// A table lists every atomic, with its ordering and the data it protects.
struct AtomicTests {
    private static let documents = ["docs/concurrency.md", "docs/fuse.md"]

    /// Counters that people read: the table has one row for all of them. Nothing depends on the
    /// order in which they change.
    private static let counters: Set<String> = [
        "AccessHeat.reads", "ContentScanner.reads", "FilterInstance.postCallbacks",
        "FilterInstance.preCallbacks", "LegacyFilter.opens", "LegacyFilter.reads",
        "OpenHandle.bytesPastFilters",
        "OpenHandle.readsPastFilters", "OpenHandle.readsThroughFilters",
        "OpenHandle.bytesThroughFilters", "ReadCounters.gated", "ReadCounters.gatedBytes",
        "VolumeMeter.bytesRead", "VolumeMeter.bytesWritten", "VolumeMeter.reads",
        "VolumeMeter.writes",
    ]

    /// Types whose atomics the tables treat as one.
    private static let wholes: Set<String> = ["GateWord", "HostOpenFile", "WorkerPost"]

    /// Everything within backticks of the documents, split into words.
    private static let named: Set<String> = Set(
        documents.compactMap(Tree.own.file(_:)).flatMap(\.markdown.spans).flatMap { span in
            span.text.split { !$0.isLetter && !$0.isNumber }.map(String.init)
        })

    @Test("docs/concurrency.md or docs/fuse.md names every atomic")
    func atomics() {
        var findings: [Finding] = []
        var seen: Set<String> = []
        for file in Tree.own.files(below: "Sources") where !file.path.contains("/Interleaving/") {
            for (name, line) in Self.atomics(in: file.tokens) {
                // The file of an extension begins with the type's name, before the plus.
                let type = String(file.name.prefix { $0 != "+" && $0 != "." })
                let member = "\(type).\(name)"
                seen.insert(member)
                if Self.counters.contains(member) || Self.named.contains(name) { continue }
                if Self.wholes.contains(type), Self.named.contains(type) { continue }
                findings.append(
                    Finding(
                        path: file.path, line: line,
                        fault: "no table of atomics names \(member)",
                        remedy:
                            "Add a row to docs/concurrency.md: its ordering, and why that is enough."
                    ))
            }
        }
        expectNone(findings)
        expectNone(
            Self.counters.subtracting(seen).sorted().map { member in
                Finding(
                    path: Tree.relative(#filePath), fault: "stale: there is no counter \(member)",
                    remedy: "Take it out of the list.")
            })
    }

    /// Properties that begin as `name = Atomic` or `name: Atomic`.
    private static func atomics(in tokens: [Token]) -> [(name: String, line: Int)] {
        tokens.indices.dropLast(3).filter { index in
            (tokens[index].is("let") || tokens[index].is("var"))
                && (tokens[index + 2].is("=") || tokens[index + 2].is(":"))
                && tokens[index + 3].is("Atomic")
        }.map { (tokens[$0 + 1].text, tokens[$0 + 1].line) }
    }
}
