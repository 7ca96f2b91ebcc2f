import Testing

/// Another file uses every Swift file; an unused file has to go.
struct UnusedFileTests {
    /// Declarations of a source file that others may name.
    struct Declarations {
        var names: Set<String> = []
        /// A declaration is used without its name: an entry point, an initializer, an operator, a
        /// conformance.
        var hasOthers = false
    }

    /// Every word of every Swift file, with the number of files that contain it.
    private static let filesWithWord: [String: Int] = {
        var counts: [String: Int] = [:]
        for file in Tree.own.swift { for word in words(of: file) { counts[word, default: 0] += 1 } }
        return counts
    }()

    private static func words(of file: TreeFile) -> Set<String> {
        Set(file.tokens.lazy.filter { $0.kind == .word }.map { plain($0.text) })
    }

    private static func plain(_ name: String) -> String { name.filter { $0 != "`" } }

    @Test("a file of Swift declares something that another file names")
    func swift() {
        let folders = ["Sources", "Benchmarks"]
        expectNone(
            folders.flatMap(Tree.own.files(below:)).filter { $0.path.hasSuffix(".swift") }.filter {
                file in
                let declarations = Self.declarations(in: file.tokens)
                let isUsed = declarations.names.contains { (Self.filesWithWord[$0] ?? 0) > 1 }
                return !isUsed && !declarations.hasOthers && file.name != "main.swift"
            }.map { file in
                Finding(
                    path: file.path, fault: "no other file names anything that this one declares",
                    remedy: "Remove it.")
            })
    }

    @Test("declarations are found, also those that cannot be judged")
    func found() {
        func declarations(_ text: String) -> Declarations {
            Self.declarations(in: Scanner(text).tokens)
        }
        let type = declarations("struct A { init() {}\n var b: Int { 1 } }\nfunc c() {}\nlet d = 1")
        #expect(type.names == ["A", "c", "d"] && !type.hasOthers)
        let members = declarations("extension A.B where C == D { func e() { let f = 1 }\n case g }")
        #expect(members.names == ["e", "g"] && !members.hasOthers)
        #expect(declarations("extension A: B { func c() {} }").hasOthers)
        #expect(declarations("extension A { init(b: Int) {} }").hasOthers)
        #expect(
            declarations("extension A { static func == (a: A, b: A) -> Bool { true } }").hasOthers)
        #expect(declarations("@main struct A {}").hasOthers)
    }

    private static let declarators: Set<String> = [
        "struct", "class", "enum", "protocol", "actor", "typealias", "func", "var", "let", "case",
        "macro", "associatedtype",
    ]

    /// Names at the outermost level and directly within extensions.
    private static func declarations(in tokens: [Token]) -> Declarations {
        var found = Declarations()
        var depth = 0
        /// The depth within an extension's braces.
        var levelOfMembers = 0
        var isBeforeBrace = false
        for (index, token) in tokens.enumerated() {
            if token.is("{") || token.is("(") || token.is("[") {
                if token.is("{") && isBeforeBrace {
                    levelOfMembers = depth + 1
                    isBeforeBrace = false
                }
                depth += 1
            } else if token.is("}") || token.is(")") || token.is("]") {
                depth -= 1
                if depth < levelOfMembers { levelOfMembers = 0 }
            } else if depth == levelOfMembers && token.kind == .word && index + 1 < tokens.count {
                note(tokens, index, isInExtension: levelOfMembers > 0, in: &found)
                if token.is("extension") && depth == 0 { isBeforeBrace = true }
            }
            if isBeforeBrace && token.is(":") { found.hasOthers = true }
            if token.is("main") && index > 0 && tokens[index - 1].is("@") { found.hasOthers = true }
        }
        return found
    }

    private static func note(
        _ tokens: [Token], _ index: Int, isInExtension: Bool, in found: inout Declarations
    ) {
        let (token, next) = (tokens[index], tokens[index + 1])
        if isInExtension && (token.is("init") || token.is("subscript") || token.is("override")) {
            found.hasOthers = true
        }
        guard declarators.contains(token.text), !(index > 0 && tokens[index - 1].is(".")) else {
            return
        }
        if next.kind == .word {
            // `class func` declares the word after both.
            if !declarators.contains(next.text) { found.names.insert(plain(next.text)) }
        } else {
            found.hasOthers = true
        }
    }
}
