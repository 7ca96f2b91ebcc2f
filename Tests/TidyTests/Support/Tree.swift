import Foundation

/// The project's files, read and scanned once for all rules.
struct Tree: Sendable {
    static let own = Tree(root: root)

    /// This file lies in Tests/TidyTests/Support.
    static let root =
        URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// Sorted by path.
    let files: [TreeFile]
    private let index: [String: Int]

    private static let folders = [
        "Sources", "Tests", "Examples", "Benchmarks", "Models", "Scenarios", "docs", "scripts",
        "packaging", "python", "contrib", ".ci",
    ]

    private init(root: String) {
        let top = Self.names(in: root).filter { Self.names(in: "\(root)/\($0)").isEmpty }
        let paths = top + Self.folders.flatMap { Self.paths(below: $0, root: root) }
        files = paths.sorted().compactMap { path in
            guard let data = FileManager.default.contents(atPath: "\(root)/\(path)"),
                let text = String(data: data, encoding: .utf8)
            else { return nil }
            return TreeFile(path: path, text: text)
        }
        index = Dictionary(
            uniqueKeysWithValues: files.enumerated().map { ($0.element.path, $0.offset) })
    }

    private static func paths(below folder: String, root: String) -> [String] {
        names(in: "\(root)/\(folder)").flatMap { name -> [String] in
            let path = "\(folder)/\(name)"
            let below = paths(below: path, root: root)
            return below.isEmpty ? [path] : below
        }
    }

    /// The names in a folder; none for a file. Names with a dot are build folders and git's;
    /// Package.resolved and what Python makes are no files of the project.
    private static func names(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { name in
            !name.hasPrefix(".") && !["Package.resolved", "__pycache__"].contains(name)
                && !name.hasSuffix(".egg-info")
        }
    }

    static func relative(_ path: String) -> String {
        let real = URL(filePath: path).resolvingSymlinksInPath().path
        return real.hasPrefix(root + "/") ? String(real.dropFirst(root.count + 1)) : path
    }

    func file(_ path: String) -> TreeFile? { index[path].map { files[$0] } }

    func files(below folder: String) -> [TreeFile] {
        files.filter { $0.path.hasPrefix(folder + "/") }
    }

    func hasFolder(_ path: String) -> Bool { files.contains { $0.path.hasPrefix(path + "/") } }

    var swift: [TreeFile] { files.filter { $0.path.hasSuffix(".swift") } }
    var documents: [TreeFile] { files.filter { $0.path.hasSuffix(".md") } }
}

struct TreeFile: Sendable {
    /// From the root of the tree.
    let path: String
    let text: String
    /// Empty for a file that is neither Swift nor C.
    let tokens: [Token]
    let linesOfStrings: Set<Int>

    init(path: String, text: String) {
        self.path = path
        self.text = text
        let isC = path.hasSuffix(".c") || path.hasSuffix(".h")
        guard isC || path.hasSuffix(".swift") else {
            (tokens, linesOfStrings) = ([], [])
            return
        }
        let scanner = Scanner(text, language: isC ? .c : .swift)
        tokens = scanner.tokens
        linesOfStrings = scanner.linesOfStrings
    }

    var name: String { String(path.split(separator: "/").last ?? "") }
    /// The path without the name; empty at the root.
    var folder: String { path.split(separator: "/").dropLast().joined(separator: "/") }
    var isSource: Bool { !tokens.isEmpty }
    /// A line break at the end begins no line.
    var lines: [Substring] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }
}
