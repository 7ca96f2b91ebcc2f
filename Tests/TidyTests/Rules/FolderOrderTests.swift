import Testing

/// The folders of IOStack have an order: a folder names only types of folders to its left.
///
/// Filters, volumes and file objects know each other, as they do in Windows' headers: a callback
/// gets a file object, a file object has a volume, and a volume has filters. A list permits these
/// three edges.
struct FolderOrderTests {
    /// Locks know no other folder, the model knows locks, bypass knows the model, and so on, up to
    /// the folders where requests enter. A new or renamed folder takes its place here.
    private static let order = [
        "Concurrency", "Model", "Bypass", "Filtering", "Volume", "Files", "Queue", "KernelReads",
        "Search",
    ]

    private static let wrongEdges = [
        "Filtering → Files",
        "Filtering → Volume",
        "Volume → Files",
    ]

    private struct Use: Hashable {
        let path: String
        let line: Int
        let type: String
    }

    private static let files = Tree.own.files(below: "Sources/IOStack").filter {
        $0.path.hasSuffix(".swift")
    }

    private static func folder(_ path: String) -> String {
        let parts = path.split(separator: "/")
        return parts.count > 3 ? String(parts[2]) : ""
    }

    @Test("every folder of IOStack has its place in the order")
    func places() {
        let folders = Set(Self.files.map { Self.folder($0.path) })
        expectNone(
            folders.symmetricDifference(Self.order).sorted().map { folder in
                Finding(
                    path: Tree.relative(#filePath),
                    fault: "the order and Sources/IOStack differ in \"\(folder)\"",
                    remedy: "Give the folder its place, or take it out.")
            })
    }

    @Test("folders name types of folders to their left")
    func order() {
        let places = Dictionary(
            uniqueKeysWithValues: Self.order.enumerated().map { ($0.element, $0.offset) })
        var findings: [Finding] = []
        for (edge, uses) in Self.edges() {
            guard let from = places[edge.from], let to = places[edge.to], from < to else {
                continue
            }
            let key = "\(edge.from) → \(edge.to)"
            findings += uses.map { use in
                Finding(
                    path: use.path, line: use.line,
                    fault:
                        "\(edge.from) names \(use.type) of \(edge.to), which stands to its right",
                    remedy: "Move the line to \(edge.to), or have \(edge.from) ask by a protocol.",
                    key: key)
            }
        }
        KnownFindings(Self.wrongEdges).expectExactly(findings)
    }

    private struct Edge: Hashable {
        let from: String
        let to: String
    }

    /// For each edge the first use of each type in each file.
    private static func edges() -> [Edge: Set<Use>] {
        let homes = homes(of: files)
        var found: [Edge: Set<Use>] = [:]
        for file in files {
            let own = folder(file.path)
            var seen: Set<String> = []
            for (index, token) in file.tokens.enumerated() where token.kind == .word {
                guard let home = homes[token.text], home != own,
                    !(index > 0 && file.tokens[index - 1].is(".")),
                    seen.insert(token.text).inserted
                else { continue }
                found[Edge(from: own, to: home), default: []].insert(
                    Use(path: file.path, line: token.line, type: token.text))
            }
        }
        return found
    }

    /// The folder of each type that is declared at the outermost level.
    private static func homes(of files: [TreeFile]) -> [String: String] {
        let declarators: Set = ["struct", "class", "enum", "protocol", "actor", "typealias"]
        var homes: [String: String] = [:]
        for file in files {
            var depth = 0
            for (index, token) in file.tokens.enumerated().dropLast() {
                if token.is("{") { depth += 1 }
                if token.is("}") { depth -= 1 }
                if depth == 0 && token.kind == .word && declarators.contains(token.text) {
                    homes[file.tokens[index + 1].text] = folder(file.path)
                }
            }
        }
        return homes
    }
}
