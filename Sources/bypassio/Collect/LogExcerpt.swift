import Foundation

/// The newest lines of the services' logs, without the names of files.
struct LogExcerpt {
    let lines: Int
    let keepsNames: Bool

    /// Kinds whose lines name no file but SOURCE, mount points and logs.
    private static let nameless: Set = [
        "start", "mount", "attach", "detach", "report", "total", "channel", "signal", "end",
        "request",
    ]

    func sections(of services: [ServiceProcess]) -> [CollectedSection] {
        guard lines > 0 else { return [] }
        var files: [String] = []
        for file in services.compactMap(\.logFile) where !files.contains(file) {
            files.append(file)
        }
        return [journal] + files.map(section)
    }

    private var journal: CollectedSection {
        let command = [
            "journalctl", "--no-pager", "--quiet", "--output=short-iso",
            "--identifier=bypassio", "--lines=\(lines)",
        ]
        guard let found = CollectedMachine.output(of: command) else {
            return CollectedSection("journal", ["(there is no journal, or it did not answer)"])
        }
        return CollectedSection("journal", found.map(shown))
    }

    /// By another process, which may hang in its place.
    private func section(of file: String) -> CollectedSection {
        let command = ["tail", "-n", "\(lines)", "--", file]
        guard let found = CollectedMachine.output(of: command) else {
            return CollectedSection("log \(file)", ["(it cannot be read)"])
        }
        return CollectedSection("log \(file)", found.map(shown))
    }

    private func shown(_ line: String) -> String {
        keepsNames ? line : Self.withoutNames(line)
    }

    /// `… bypassio[17]: KIND: TEXT`; of the kinds that name files, and of those that are not known
    /// here, the text is told without what may be a name.
    static func withoutNames(_ line: String) -> String {
        guard let mark = line.firstMatch(of: #/bypassio(\[\d+\])?: /#) else { return "…" }
        let rest = line[mark.range.upperBound...]
        let kind = rest.prefix { $0 != ":" && $0 != " " }
        guard rest.dropFirst(kind.count).hasPrefix(": ") else {
            return line[..<mark.range.upperBound] + "…"
        }
        if nameless.contains(String(kind)) { return String(line) }
        let text = rest.dropFirst(kind.count + 2)
        return line[..<mark.range.upperBound] + "\(kind): " + withoutName(text)
    }

    /// A name stands behind one of the first words and before one of the last. A name may hold such
    /// words itself, so that what is kept is the shortest that is possible.
    private static func withoutName(_ text: Substring) -> String {
        let head = [" for ", " of ", " in ", " reads "]
            .compactMap { text.range(of: $0)?.upperBound }.min()
        guard let head else { return "…" }
        let tail = [
            " (STATUS_", " by process ", " is paused", " is resumed", " by a read", " by an open",
            " without asking", ", because ",
        ].compactMap { text[head...].range(of: $0, options: .backwards)?.lowerBound }.max()
        return text[..<head] + "…" + (tail.map { String(text[$0...]) } ?? "")
    }
}
