import Testing

/// A filter that ships is one that anybody could write: it uses no type of the stack that only this
/// package sees.
struct PublicFilterTests {
    private static let kinds: Set = ["struct", "class", "enum", "protocol", "typealias"]

    /// Types that are declared with `package`.
    private static func types(in tokens: [Token]) -> Set<String> {
        var found: Set<String> = []
        for index in tokens.indices where tokens[index].is("package") {
            let rest = tokens[(index + 1)...].drop { $0.is("final") }
            guard let kind = rest.first, kinds.contains(kind.text),
                let name = rest.dropFirst().first
            else { continue }
            found.insert(name.text)
        }
        return found
    }

    @Test("filters name nothing of the stack that is the package's own")
    func filters() {
        let hidden = Tree.own.files(below: "Sources/IOStack").map(\.tokens)
            .reduce(into: Set<String>()) { $0.formUnion(Self.types(in: $1)) }
        var findings: [Finding] = []
        let filters = ["Sources/Minifilters", "Sources/Encryption", "Sources/Scanning"]
        for file in filters.flatMap(Tree.own.files(below:)) {
            findings += file.tokens.filter { $0.kind == .word && hidden.contains($0.text) }.map {
                Finding(
                    path: file.path, line: $0.line,
                    fault: "\($0.text) of IOStack is seen in this package alone",
                    remedy: "Make it public, or do without it.")
            }
        }
        expectNone(findings)
    }

    @Test("types of the package are found")
    func found() {
        let text =
            "package struct A {}\npublic class B { package init() {} }\npackage final class C {}"
        #expect(Self.types(in: Scanner(text).tokens) == ["A", "C"])
    }
}
