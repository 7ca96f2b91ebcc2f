import Testing

/// The rules depend on the scanner.
struct ScannerTests {
    private func words(_ text: String, _ language: Scanner.Language = .swift) -> [String] {
        Scanner(text, language: language).tokens.filter { $0.kind == .word }.map(\.text)
    }

    private func spans(_ text: String) -> [FunctionSpan] {
        FunctionSpan.ofSwift(Scanner(text).tokens)
    }

    @Test("words of comments and strings are no code")
    func commentsAndStrings() {
        #expect(words("a // b\nc /* d /* e */ f */ g") == ["a", "c", "g"])
        #expect(words("/* a /* b */ c", .c) == ["c"])
        #expect(words(#"a "b { \" c" d"#) == ["a", "d"])
        #expect(words("a \"\"\"\n b \"c\" {\n\"\"\" d") == ["a", "d"])
        #expect(words("a #\"b \" \\(c) \"# d #if e") == ["a", "d", "if", "e"])
        #expect(words("'\"' a '\\'' b '{' c", .c) == ["a", "b", "c"])
    }

    @Test("interpolations are code, also strings in them")
    func interpolations() {
        #expect(words(#"a "b \(c("d", (e))) f" g"#) == ["a", "c", "e", "g"])
        #expect(words(##"a #"b \#(c) \(d)"# e"##) == ["a", "c", "e"])
        #expect(words("a \"\"\"\n \\(b) c\n\"\"\" d") == ["a", "b", "d"])
    }

    @Test("tokens know their lines, strings keep their text")
    func places() {
        let scanner = Scanner("a b\n\n  \"x\ty\" // c\n\"\"\"\nd\n\"\"\"")
        #expect(scanner.tokens.map(\.line) == [1, 1, 3, 4])
        #expect(scanner.tokens.map(\.beginsLine) == [true, false, true, true])
        #expect(scanner.tokens[2] == Token(kind: .string, text: "x\ty", line: 3, beginsLine: true))
        #expect(scanner.linesOfStrings == [3, 4, 5, 6])
        #expect(scanner.linesOfComments == [3])
    }

    @Test("a function ends at its own brace")
    func functions() {
        let text = """
            struct S {
                func one(_ body: () -> Void = { }) {
                    if a { b("}") } // }
                }
                init() { }
                var two: Int {
                    get { 1 }
                }
                deinit {
                }
            }
            """
        #expect(
            spans(text) == [
                FunctionSpan(name: "one", firstLine: 2, lastLine: 4),
                FunctionSpan(name: "init", firstLine: 5, lastLine: 5),
                FunctionSpan(name: "two", firstLine: 6, lastLine: 8),
                FunctionSpan(name: "deinit", firstLine: 9, lastLine: 10),
            ])
    }

    @Test("a declaration without a body takes no other's")
    func withoutBody() {
        let text = """
            protocol P {
                func one() throws -> Int
                @discardableResult func two()
            }
            struct S {
                var three = { 3 }()
                var four: Int
                subscript(
                    five: Int
                ) -> Int {
                    if var six = six, var seven { self.init() }
                }
            }
            """
        #expect(spans(text) == [FunctionSpan(name: "subscript", firstLine: 8, lastLine: 12)])
    }

    @Test("functions within functions are counted by themselves, too")
    func nested() {
        let spans = spans("func one() {\n func two() {\n }\n}")
        #expect(spans.map(\.length) == [4, 2])
        #expect(spans.map(\.name) == ["one", "two"])
    }

    @Test("functions of C begin with their result")
    func functionsOfC() {
        let text =
            "struct s { int a; };\nstatic int\none(int a)\n{\n if (a) { }\n}\nint two(void) { }"
        #expect(
            FunctionSpan.ofC(Scanner(text, language: .c).tokens) == [
                FunctionSpan(name: "one", firstLine: 2, lastLine: 6),
                FunctionSpan(name: "two", firstLine: 7, lastLine: 7),
            ])
    }
}
