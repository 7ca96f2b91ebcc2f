/// The targets of Package.swift, read from its tokens.
struct Manifest {
    struct Target {
        enum Kind: String { case target, executableTarget, testTarget }

        let kind: Kind
        let name: String
        /// Names of targets and of other packages' products.
        let dependencies: [String]
        /// The folder of its sources, from the root of the tree.
        let folder: String
        let line: Int

        /// The name that `import` uses.
        var module: String { name.replacing("-", with: "_") }
    }

    static let path = "Package.swift"
    static let own = Manifest(Tree.own.file(path)?.tokens ?? [])
    /// The manifest of the package of benchmarks.
    static let benchmarks = Manifest(
        Tree.own.file("Benchmarks/Package.swift")?.tokens ?? [], below: "Benchmarks/")

    let targets: [Target]

    init(_ tokens: [Token], below folder: String = "") {
        targets = tokens.indices.compactMap { Self.target(at: $0, in: tokens, below: folder) }
    }

    /// Begins at the dot of `.target(name: …)`.
    private static func target(
        at start: Int, in tokens: [Token], below root: String
    ) -> Target? {
        guard start + 2 < tokens.count, tokens[start].is("."), tokens[start + 2].is("("),
            let kind = Target.Kind(rawValue: tokens[start + 1].text),
            let name = strings(of: "name", from: start + 2, in: tokens).first
        else { return nil }
        let folder = kind == .testTarget ? "Tests" : "Sources"
        return Target(
            kind: kind, name: name,
            dependencies: strings(of: "dependencies", from: start + 2, in: tokens),
            folder: root
                + (strings(of: "path", from: start + 2, in: tokens).first ?? "\(folder)/\(name)"),
            line: tokens[start].line)
    }

    /// The strings of the argument `label`, of the call whose parenthesis is at `start`. For a
    /// product the name counts, not the package.
    private static func strings(of label: String, from start: Int, in tokens: [Token]) -> [String] {
        var depth = 0
        var found: [String] = []
        var isInside = false
        for index in start..<tokens.count {
            let token = tokens[index]
            if token.is("(") || token.is("[") { depth += 1 }
            if token.is(")") || token.is("]") { depth -= 1 }
            if depth == 0 { break }
            let isLabel =
                token.kind == .word && index + 1 < tokens.count && tokens[index + 1].is(":")
            if depth == 1 && isLabel { isInside = token.is(label) }
            let isPackage =
                index >= 2 && tokens[index - 1].is(":") && tokens[index - 2].is("package")
            // `.when(traits: ["…"])`
            let isTrait = index >= 3 && tokens[index - 3].is("traits")
            if isInside && token.kind == .string && !isPackage && !isTrait {
                found.append(token.text)
            }
        }
        return found
    }

    /// The target whose folder is nearest above the file.
    func target(of path: String) -> Target? {
        targets.filter { path.hasPrefix($0.folder + "/") }.max { $0.folder.count < $1.folder.count }
    }
}

/// An import declaration.
struct Import: Hashable {
    let module: String
    let path: String
    let line: Int
}

extension TreeFile {
    var imports: [Import] {
        tokens.indices.filter { tokens[$0].is("import") && $0 + 1 < tokens.count }.map { index in
            let kinds: Set = [
                "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
            ]
            let name = kinds.contains(tokens[index + 1].text) ? index + 2 : index + 1
            return Import(module: tokens[name].text, path: path, line: tokens[index].line)
        }
    }
}
