import BypassIOProtocol
import IOStack
import SystemPackage

/// Looks through the whole volume for names, below the filter.
struct NameWalk {
    /// Entries asked for at a time.
    private static let batch = 512

    private let instance: FilterInstance

    init(_ instance: FilterInstance) { self.instance = instance }

    /// Every name of every file that has several links.
    func linkedFiles() -> [(name: String, id: FileID)] {
        var found: [(name: String, id: FileID)] = []
        walk(withInformation: true) { path, entry in
            guard let information = entry.information, information.linkCount > 1,
                information.kind != .directory
            else { return }
            found.append((path, information.id))
        }
        return found
    }

    /// The names of one file; empty if it has none here.
    func names(of id: FileID) -> [String] {
        var found: [String] = []
        walk(withInformation: false) { path, entry in
            if entry.id == id { found.append(path) }
        }
        return found
    }

    /// The paths that a path may mean whose first name stands for a number. nil if no file has that
    /// number, nor that name.
    func paths(behindNumbered path: String) -> [String]? {
        let first = path.prefix { $0 != "/" }
        guard let inode = UInt64(first.dropFirst()) else { return [] }
        var found: [String] = []
        walk(withInformation: false) { name, entry in
            if entry.id.inode == inode { found.append(name + path.dropFirst(first.count)) }
        }
        guard found.isEmpty else { return found }
        let literal = CreateParameters(
            path: FilePath(String(first)), access: [], options: [.attributesOnly, .noFollow])
        guard let file = try? instance.open(literal) else { return nil }
        file.close()
        return []
    }

    private func walk(withInformation: Bool, _ body: (String, DirectoryEntry) -> Void) {
        var left = [""]
        while let path = left.popLast() {
            list(path, withInformation) { entry in
                let name = path.isEmpty ? entry.nameText : "\(path)/\(entry.nameText)"
                body(name, entry)
                if (entry.information?.kind ?? entry.kind) == .directory { left.append(name) }
            }
        }
    }

    private func list(
        _ path: String, _ withInformation: Bool, _ body: (DirectoryEntry) -> Void
    ) {
        let parameters = CreateParameters(
            path: FilePath(path), kind: .directory, options: [.noFollow, .noAccessTime])
        guard let directory = try? instance.open(parameters) else { return }
        defer { directory.close() }
        var cookie: UInt64 = 0
        while let entries = try? instance.entries(
            of: directory, after: cookie, limit: Self.batch, withInformation: withInformation),
            let last = entries.last
        {
            for entry in entries where !entry.isDots { body(entry) }
            cookie = last.cookie
        }
    }
}

extension DirectoryEntry {
    var nameText: String { String(decoding: name, as: UTF8.self) }
    /// "." or "..".
    var isDots: Bool { name == [UInt8(ascii: ".")] || name == Array("..".utf8) }
}
