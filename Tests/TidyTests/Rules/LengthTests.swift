import Testing

/// Lines, functions and files stay short enough to read.
struct LengthTests {
    /// swift-format's limit, which it holds for code; here comments keep it, too.
    private static let columns = 100
    /// Strings need not be broken for the limit: a script, a message or a test's name stays
    /// readable.
    private static let columnsOfStrings = 120

    private static let sources = Tree.own.files.filter(\.isSource)

    @Test("lines have at most 100 columns")
    func lines() {
        var findings: [Finding] = []
        for file in Self.sources {
            for (index, line) in file.lines.enumerated() where line.utf8.count > Self.columns {
                let (number, length) = (index + 1, line.count)
                guard length > Self.columns else { continue }
                let limit =
                    file.linesOfStrings.contains(number) ? Self.columnsOfStrings : Self.columns
                guard length > limit else { continue }
                findings.append(
                    Finding(
                        path: file.path, line: number,
                        fault: "the line has \(length) columns, \(limit) are allowed",
                        remedy: "Break it."))
            }
        }
        expectNone(findings)
    }

    @Test("functions have at most 70 lines")
    func functions() {
        KnownFindings(Self.longFunctions).expectExactly(
            Self.sources.flatMap { file in
                file.functions.filter { $0.length > 70 }.map { function in
                    Finding(
                        path: file.path, line: function.firstLine,
                        fault: "\(function.name) has \(function.length) lines, 70 are allowed",
                        remedy: "Give its parts names of their own.",
                        key: "\(file.path) \(function.name)")
                }
            })
    }

    @Test("source files have at most 400 lines")
    func files() {
        KnownFindings(Array(Self.longFiles.keys)).expectExactly(
            Self.sources.filter { $0.path.hasPrefix("Sources/") && $0.lines.count > 400 }.map {
                Finding(
                    path: $0.path, fault: "the file has \($0.lines.count) lines, 400 are allowed",
                    remedy: "A file holds one idea: give the second its own file.",
                    key: $0.path)
            })
    }

    /// Functions that were longer before this rule came.
    private static let longFunctions: [String] = []

    /// Files that were longer before this rule came, and why.
    private static let longFiles = [
        "Sources/CKernelABI/fuse.c": "the asserts of every layout of fuse.h"
    ]
}
