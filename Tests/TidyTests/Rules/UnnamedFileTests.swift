import Testing

/// Another file names each file that is not Swift, and so leads to it.
struct UnnamedFileTests {
    /// Tools and readers look for these by themselves.
    private static let roots: Set<String> = [
        ".ci/run", "README.md", "Package.swift", "LICENSE",
        "Sources/CKernelABI/include/module.modulemap",
    ]

    /// Folders that a program takes whole: `packaging/man` the pages and its own parts, and refuses
    /// a page of no command; the Makefile the modules of Python; the fuzzer its inputs.
    private static let wholes = [
        "packaging/pages/", "packaging/manual/", "python/bypassio/",
        "Tests/Fuzzing/corpora/",
    ]

    /// Every word that looks like a path in documents, scripts and C sources, and the last parts of
    /// it. A word without its ending counts only within the folder.
    private static let mentions: Set<String> = {
        var found: Set<String> = []
        for file in Tree.own.files where !file.path.hasSuffix(".swift") {
            for mention in file.text.utf8.split(whereSeparator: { !isOfPath($0) }) {
                let path = String(decoding: mention, as: UTF8.self).trimmingSuffix(".")
                found.insert(path)
                found.formUnion(path.lastParts)
                found.insert("\(file.folder)/\(path)")
            }
        }
        return found
    }()

    private static func isOfPath(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "."), UInt8(ascii: "/"):
            true
        default: false
        }
    }

    @Test("documents, scripts, models, scenarios and headers are named somewhere")
    func others() {
        let files = Tree.own.files.filter {
            !$0.path.hasSuffix(".swift") && !$0.path.hasSuffix(".c")
                && !Self.roots.contains($0.path)
                && !Self.wholes.contains(where: $0.path.hasPrefix)
        }
        expectNone(
            files.filter { Self.names(of: $0).isDisjoint(with: Self.mentions) }.map { file in
                Finding(
                    path: file.path, fault: "no document, script or source of C names it",
                    remedy: "Link it from where a reader would look for it, or remove it.")
            })
    }

    /// A name without an ending may be any word, so its folder has to come before it.
    private static func names(of file: TreeFile) -> Set<String> {
        let parts = file.name.split(separator: ".")
        let withFolder = file.path.split(separator: "/").suffix(2).joined(separator: "/")
        return parts.count > 1
            ? [file.name, "\(file.folder)/\(parts[0])"] : [withFolder]
    }
}

extension String {
    fileprivate func trimmingSuffix(_ end: Character) -> String {
        last == end ? String(dropLast()) : self
    }

    /// `b/c` and `c` of `a/b/c`.
    fileprivate var lastParts: [String] {
        let parts = split(separator: "/")
        return [1, 2].map { parts.suffix($0).joined(separator: "/") }
    }
}
