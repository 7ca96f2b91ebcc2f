import Testing

/// A file that imports a module of this package names something of it.
struct UnneededImportTests {
    /// The names through which other modules may use a module.
    private struct Vocabulary {
        /// Types, functions and constants, which a file uses by their own names.
        var names: Set<String> = []
        /// Members, which come after a dot. `.init` does not show its type, so it counts for each
        /// module.
        var members: Set<String> = ["init"]

        func isUsed(by tokens: [Token]) -> Bool {
            tokens.indices.contains { index in
                guard tokens[index].kind == .word else { return false }
                return names.contains(tokens[index].text)
                    || index > 0 && tokens[index - 1].is(".")
                        && members.contains(tokens[index].text)
            }
        }
    }

    private static let vocabularies: [String: Vocabulary] = {
        var found: [String: Vocabulary] = [:]
        for file in Tree.own.files where file.isSource {
            guard let module = Manifest.own.target(of: file.path)?.module else { continue }
            if file.path.hasSuffix(".swift") {
                add(file.tokens, to: &found[module, default: Vocabulary()])
            } else if file.path.hasSuffix(".h") {
                addHeader(file.tokens, to: &found[module, default: Vocabulary()])
            }
        }
        return found
    }()

    /// Names of C have a prefix or are capitals; a structure's member may have any name.
    private static func addHeader(_ tokens: [Token], to vocabulary: inout Vocabulary) {
        for token in tokens where token.kind == .word {
            vocabulary.members.insert(token.text)
            if token.text.contains("_") || token.text.first?.isUppercase == true {
                vocabulary.names.insert(token.text)
            }
        }
    }

    /// A member counts if it is public, a case, or a requirement of a public protocol.
    private static func add(_ tokens: [Token], to vocabulary: inout Vocabulary) {
        let types: Set = ["struct", "class", "enum", "protocol", "actor", "typealias"]
        let members: Set = ["func", "var", "let", "case"]
        var depth = 0
        var isVisible = false
        var isCase = false
        var levelOfVisible = Int.max
        for index in tokens.indices.dropLast() {
            let (token, next) = (tokens[index], tokens[index + 1])
            if token.beginsLine {
                isVisible = depth >= levelOfVisible
                isCase = isCase && index > 0 && tokens[index - 1].is(",")
            }
            if token.is("{") { depth += 1 }
            if token.is("}") { depth -= 1 }
            if depth == 0 { levelOfVisible = .max }
            guard token.kind == .word || token.is(",") else { continue }
            if token.is("public") || token.is("package") { isVisible = true }
            if token.is("case") { isCase = true }
            if isVisible && (token.is("protocol") || token.is("extension")) { levelOfVisible = 1 }
            if types.contains(token.text) || (depth == 0 && members.contains(token.text)) {
                vocabulary.names.insert(next.text)
            } else if isCase || (isVisible && members.contains(token.text)) {
                vocabulary.members.insert(next.text)
            }
        }
    }

    @Test("a file names something of each module of ours that it imports")
    func imports() {
        expectNone(
            Tree.own.swift.flatMap { file -> [Finding] in
                file.imports.filter {
                    Self.vocabularies[$0.module]?.isUsed(by: file.tokens) == false
                }
                .map { one in
                    Finding(
                        path: file.path, line: one.line,
                        fault: "the file imports \(one.module) and names nothing of it",
                        remedy: "Take the import out.")
                }
            })
    }
}
