/// A function's declaration, from its first word to its closing brace.
struct FunctionSpan: Equatable {
    let name: String
    let firstLine: Int
    let lastLine: Int

    var length: Int { lastLine - firstLine + 1 }
}

extension TreeFile {
    var functions: [FunctionSpan] {
        path.hasSuffix(".swift") ? FunctionSpan.ofSwift(tokens) : FunctionSpan.ofC(tokens)
    }
}

extension FunctionSpan {
    /// Functions, initializers, subscripts and computed properties. A nested function counts by
    /// itself and as part of the outer one. A declaration without a body, such as a protocol's,
    /// does not count.
    static func ofSwift(_ tokens: [Token]) -> [FunctionSpan] {
        var found: [FunctionSpan] = []
        for index in tokens.indices {
            guard let name = name(ofDeclarationAt: index, in: tokens),
                let brace = body(ofDeclarationAt: index, in: tokens),
                let end = closing(brace, in: tokens)
            else { continue }
            found.append(
                FunctionSpan(
                    name: name, firstLine: tokens[index].line, lastLine: tokens[end].line))
        }
        return found
    }

    /// In C a function is a pair of braces at the outermost level after a parenthesis.
    static func ofC(_ tokens: [Token]) -> [FunctionSpan] {
        var found: [FunctionSpan] = []
        var index = 0
        while index < tokens.count {
            guard tokens[index].is("{"), let end = closing(index, in: tokens) else {
                index += 1
                continue
            }
            if index > 0, tokens[index - 1].is(")") {
                var first = index
                while first > 0, !tokens[first - 1].is("}"), !tokens[first - 1].is(";") {
                    first -= 1
                }
                let name = tokens[first..<index].firstIndex { $0.is("(") }.map {
                    tokens[$0 - 1].text
                }
                found.append(
                    FunctionSpan(
                        name: name ?? "?", firstLine: tokens[first].line, lastLine: tokens[end].line
                    ))
            }
            index = end + 1
        }
        return found
    }

    private static func name(ofDeclarationAt index: Int, in tokens: [Token]) -> String? {
        let token = tokens[index]
        guard token.kind == .word, index + 1 < tokens.count else { return nil }
        let next = tokens[index + 1]
        let previous = index > 0 ? tokens[index - 1] : nil
        if previous?.is(".") == true { return nil }
        switch token.text {
        case "func": return next.text
        case "init": return ["(", "<", "?", "!"].contains(next.text) ? "init" : nil
        case "deinit": return next.is("{") ? "deinit" : nil
        case "subscript": return ["(", "<"].contains(next.text) ? "subscript" : nil
        case "var":
            let bindings = ["if", "guard", "while", "for", "case", ",", "("]
            return bindings.contains(previous?.text ?? "") ? nil : next.text
        default: return nil
        }
    }

    /// The index of the brace that opens the body.
    private static func body(ofDeclarationAt index: Int, in tokens: [Token]) -> Int? {
        var depth = 0
        var at = index + 1
        let isVariable = tokens[index].is("var")
        while at < tokens.count {
            let token = tokens[at]
            if depth == 0 {
                if token.is("{") { return at }
                if token.is("}") || token.is(";") { return nil }
                if isVariable && token.is("=") { return nil }
                if token.beginsLine && endsDeclaration(token) { return nil }
            }
            if token.is("(") || token.is("[") { depth += 1 }
            if token.is(")") || token.is("]") { depth -= 1 }
            if depth < 0 { return nil }
            at += 1
        }
        return nil
    }

    private static let beginnings: Set<String> = [
        "@", "#", "func", "var", "let", "init", "deinit", "subscript", "associatedtype",
        "typealias",
        "case", "static", "mutating", "public", "package", "internal", "private", "fileprivate",
        "struct", "class", "enum", "protocol", "extension", "final", "lazy", "override", "if",
        "return",
        "guard", "for", "while", "switch", "do", "try", "await", "defer",
    ]

    /// Whether a token begins the next declaration or statement, so that the previous one has no
    /// body.
    private static func endsDeclaration(_ token: Token) -> Bool {
        token.kind != .string && beginnings.contains(token.text)
    }

    private static func closing(_ brace: Int, in tokens: [Token]) -> Int? {
        var depth = 0
        for at in brace..<tokens.count where tokens[at].kind == .sign {
            if tokens[at].text == "{" { depth += 1 }
            if tokens[at].text == "}" {
                depth -= 1
                if depth == 0 { return at }
            }
        }
        return nil
    }
}
