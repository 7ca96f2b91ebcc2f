import Foundation
import Testing

/// Names in documents are names in the tree.
struct DocumentedNameTests {
    /// The changelog keeps the names of its time.
    private static let documents = Tree.own.documents.filter { $0.path != "CHANGELOG.md" }.map {
        ($0, $0.markdown)
    }

    private static let command = Tree.own.files(below: "Sources/bypassio").flatMap(\.tokens)

    /// Names of properties, and whole texts: an option's name is that of its property, or a text.
    private static let namesInCommand = Set(command.map(\.text))
    private static let subcommands = Set(
        command.indices.dropLast(2).filter { command[$0].is("commandName") }
            .map { command[$0 + 2].text })

    /// The words after the name of the command.
    private static func commandLines(_ text: Markdown) -> [(words: [Substring], line: Int)] {
        (text.spans + text.code).compactMap { piece in
            let line = piece.text.prefix { $0 != "#" }
            let words = line.split(separator: " ").map { $0.filter { $0 != "[" && $0 != "]" }[...] }
            guard
                let name = words.firstIndex(where: { $0 == "bypassio" || $0.hasSuffix("/bypassio") }
                ),
                words[..<name].allSatisfy({ ["$", "swift", "run", "-c", "release"].contains($0) })
            else { return nil }
            return (Array(words[(name + 1)...]), piece.line)
        }
    }

    @Test("subcommands and options of bypassio exist")
    func commands() {
        var findings: [Finding] = []
        for (document, text) in Self.documents {
            for (words, line) in Self.commandLines(text) {
                var unknown = words.filter { $0.hasPrefix("--") && !Self.isOption($0) }
                if let first = words.first, first.allSatisfy({ $0.isLowercase || $0 == "-" }),
                    !first.hasPrefix("-"), !Self.subcommands.contains(String(first))
                {
                    unknown.append(first)
                }
                findings += unknown.map { word in
                    Finding(
                        path: document.path, line: line, fault: "bypassio knows no \(word)",
                        remedy: "Write its present name.")
                }
            }
        }
        expectNone(findings)
    }

    private static func isOption(_ word: Substring) -> Bool {
        let name = word.dropFirst(2).prefix { $0 != "=" }
        let parts = name.split(separator: "-")
        let property = parts.prefix(1) + parts.dropFirst().map { Substring($0.capitalized) }
        return [property.joined(), String(name), "--\(name)"].contains(
            where: namesInCommand.contains)
            || name == "help" || name == "version"
    }

    /// Words of the files that declare or extend a type.
    private static let wordsOfTypes: [String: Set<String>] = {
        let declarators: Set = ["struct", "class", "enum", "protocol", "actor", "extension"]
        var found: [String: Set<String>] = [:]
        for file in Tree.own.files(below: "Sources") {
            let words = Set(file.tokens.lazy.filter { $0.kind == .word }.map(\.text))
            for index in file.tokens.indices.dropLast()
            where declarators.contains(file.tokens[index].text) {
                found[file.tokens[index + 1].text, default: []].formUnion(words)
            }
        }
        return found
    }()

    @Test("members of types exist, as Type.member in backticks")
    func members() {
        var findings: [Finding] = []
        for (document, text) in Self.documents {
            for span in text.spans {
                let name = span.text.prefix { $0.isLetter || $0.isNumber || $0 == "." }
                let parts = name.split(separator: ".").map(String.init)
                guard let first = parts.first, let words = Self.wordsOfTypes[first],
                    let missing = parts.dropFirst().first(where: { !words.contains($0) }),
                    !["swift", "md", "c", "h"].contains(missing)
                else { continue }
                findings.append(
                    Finding(
                        path: document.path, line: span.line,
                        fault: "no file that declares or extends \(first) has a \(missing)",
                        remedy: "Write its present name."))
            }
        }
        expectNone(findings)
    }

    @Test("variables of the environment are read somewhere")
    func variables() {
        let readers = Tree.own.files.filter { !$0.path.hasSuffix(".md") }
        let read = Set(readers.flatMap { Self.variables(in: $0.text) })
        var findings: [Finding] = []
        for (document, _) in Self.documents {
            for (index, line) in document.lines.enumerated() {
                findings += Self.variables(in: String(line)).filter { !read.contains($0) }.map {
                    Finding(
                        path: document.path, line: index + 1, fault: "nothing reads \($0)",
                        remedy: "Write its present name.")
                }
            }
        }
        expectNone(findings)
    }

    private static func variables(in text: String) -> [String] {
        guard text.contains("BYPASSIO_") else { return [] }
        return text.utf8.split {
            !(UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0) && $0 != UInt8(ascii: "_")
        }.map { String(decoding: $0, as: UTF8.self) }.filter {
            $0.hasPrefix("BYPASSIO_") && $0.count > "BYPASSIO_".count
        }
    }
}
