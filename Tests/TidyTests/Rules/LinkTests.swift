import Testing

/// Links of documents lead to files and headings that exist.
struct LinkTests {
    private static let documents = Tree.own.documents.map { ($0, $0.markdown) }
    private static let anchors = Dictionary(
        uniqueKeysWithValues: documents.map { ($0.0.path, $0.1.anchors) })

    @Test("relative links lead to files and headings that exist")
    func links() {
        var findings: [Finding] = []
        for (document, text) in Self.documents {
            for link in text.links
            where !link.text.contains("://") && !link.text.hasPrefix("mailto:") {
                guard let fault = Self.fault(link.text, from: document) else { continue }
                findings.append(
                    Finding(
                        path: document.path, line: link.line, fault: fault,
                        remedy: "Lead it to where that is now, or drop it."))
            }
        }
        expectNone(findings)
    }

    private static func fault(_ link: String, from document: TreeFile) -> String? {
        let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let target =
            parts[0].isEmpty ? document.path : resolved(String(parts[0]), in: document.folder)
        guard Tree.own.file(target) != nil || Tree.own.hasFolder(target) else {
            return "the link \(link) leads to no file"
        }
        guard parts.count == 2, let anchors = anchors[target] else { return nil }
        return anchors.contains(String(parts[1])) ? nil : "the link \(link) leads to no heading"
    }

    private static func resolved(_ link: String, in folder: String) -> String {
        var parts = folder.split(separator: "/")
        for part in link.split(separator: "/") {
            if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }

    @Test("paths in backticks exist")
    func paths() {
        let tops = Set(Tree.own.files.compactMap { $0.path.split(separator: "/").first })
        let targets = Set(Tree.own.files(below: "Sources").map { $0.path.split(separator: "/")[1] })
        let names = Set(Tree.own.files.map(\.name))
        var findings: [Finding] = []
        for (document, text) in Self.documents where document.path != "CHANGELOG.md" {
            for span in text.spans where span.text.allSatisfy(\.isOfPath) {
                let parts = span.text.split(separator: "/")
                guard let first = parts.first, !span.text.hasPrefix("/") else { continue }
                let path = parts.joined(separator: "/")
                let isKnown: Bool
                if parts.count > 1 && tops.contains(first) {
                    isKnown = Self.exists(path)
                } else if parts.count > 1 && targets.contains(first) {
                    isKnown = Self.exists("Sources/\(path)")
                } else if parts.count == 1 && path.hasSuffix(".swift") {
                    isKnown = names.contains(path)
                } else {
                    continue
                }
                if isKnown { continue }
                findings.append(
                    Finding(
                        path: document.path, line: span.line, fault: "there is no \(span.text)",
                        remedy: "Say where that is now."))
            }
        }
        expectNone(findings)
    }

    /// Accepts a path without its ending too, as a reader calls a file.
    private static func exists(_ path: String) -> Bool {
        Tree.own.file(path) != nil || Tree.own.hasFolder(path)
            || Tree.own.file(path + ".swift") != nil
    }

    @Test("links, spans and headings are found")
    func markdown() {
        let text = Markdown(
            "# A b: `C`\n\n[one](a.md#b) `two\nthree` [four](b\nc)\n```\n[no](no)\n```\n## A b C")
        #expect(text.links.map(\.text) == ["a.md#b", "b c"])
        #expect(text.spans.map(\.text) == ["C", "two three"])
        #expect(text.code.map(\.text) == ["[no](no)"])
        #expect(text.anchors == ["a-b-c", "a-b-c-1"])
        #expect(Self.resolved("../Sources/./a", in: "docs") == "Sources/a")
    }
}

extension Character {
    fileprivate var isOfPath: Bool {
        isASCII && (isLetter || isNumber || "/._-+".contains(self))
    }
}
