/// What docs/openapi.yaml needs of YAML: maps and lists by indentation, lists in brackets, text in
/// quotes or without, text folded over lines.
enum YAMLNode {
    case map([(key: String, value: YAMLNode)])
    case list([YAMLNode])
    case scalar(String)

    init(parsing text: String) {
        let lines = text.split(separator: "\n").map { line in
            (indent: line.prefix { $0 == " " }.count, text: Substring(line.drop { $0 == " " }))
        }
        var rest = lines[...]
        self = Self.block(&rest)
    }

    private typealias Lines = ArraySlice<(indent: Int, text: Substring)>

    /// What begins at the first line and is indented as much.
    private static func block(_ rest: inout Lines) -> YAMLNode {
        guard let indent = rest.first?.indent else { return .scalar("") }
        var entries: [(key: String, value: YAMLNode)] = []
        var items: [YAMLNode] = []
        while let line = rest.first, line.indent == indent {
            if line.text.hasPrefix("- ") {
                // An item is a block that begins behind the dash.
                rest[rest.startIndex] = (indent + 2, line.text.dropFirst(2))
                items.append(block(&rest))
                continue
            }
            guard let (key, value) = pair(line.text) else {
                rest.removeFirst()
                return .scalar(plain(line.text))
            }
            rest.removeFirst()
            entries.append((key, self.value(value, &rest, below: indent)))
        }
        return items.isEmpty ? .map(entries) : .list(items)
    }

    private static func value(_ text: Substring, _ rest: inout Lines, below indent: Int) -> YAMLNode
    {
        if text.isEmpty || text == ">-" {
            guard let next = rest.first, next.indent > indent else { return .scalar("") }
            guard text == ">-" else { return block(&rest) }
            var words: [Substring] = []
            while let line = rest.first, line.indent > indent {
                words.append(line.text)
                rest.removeFirst()
            }
            return .scalar(words.joined(separator: " "))
        }
        guard text.hasPrefix("[") else { return .scalar(plain(text)) }
        return .list(
            text.dropFirst().dropLast().split(separator: ",").map {
                .scalar(plain($0.drop { $0 == " " }))
            })
    }

    /// A key in quotes may hold a colon; ours hold none.
    private static func pair(_ text: Substring) -> (String, Substring)? {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let value = text[text.index(after: colon)...]
        guard value.isEmpty || value.hasPrefix(" ") else { return nil }
        return (plain(text[..<colon]), value.drop { $0 == " " })
    }

    private static func plain(_ text: Substring) -> String {
        let isQuoted = text.count > 1 && text.hasPrefix("\"") && text.hasSuffix("\"")
        return String(isQuoted ? text.dropFirst().dropLast() : text)
    }

    subscript(key: String) -> YAMLNode {
        entries.first { $0.key == key }?.value ?? .scalar("")
    }

    var entries: [(key: String, value: YAMLNode)] {
        if case .map(let entries) = self { entries } else { [] }
    }

    var items: [YAMLNode] {
        if case .list(let items) = self { items } else { [] }
    }

    var text: String {
        if case .scalar(let text) = self { text } else { "" }
    }
}
