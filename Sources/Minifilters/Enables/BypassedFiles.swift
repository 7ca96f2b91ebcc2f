import IOStack

/// The file objects that got bypass past a filter, each with the instance that let it. A value under
/// its owner's lock; keeps neither alive.
struct BypassedFiles {
    private struct Entry {
        weak var file: FileObject?
        weak var instance: FilterInstance?
    }

    private var entries: [Entry] = []

    mutating func add(_ file: FileObject, by instance: FilterInstance) {
        forgetClosed()
        guard !entries.contains(where: { $0.file === file }) else { return }
        entries.append(Entry(file: file, instance: instance))
    }

    /// Those that are still open.
    mutating func open() -> [(file: FileObject, instance: FilterInstance)] {
        forgetClosed()
        return entries.compactMap { entry in
            guard let file = entry.file, let instance = entry.instance else { return nil }
            return (file, instance)
        }
    }

    /// Takes out what an instance let past.
    mutating func remove(by instance: FilterInstance) -> [FileObject] {
        let gone = open().filter { $0.instance === instance }.map(\.file)
        entries.removeAll { $0.instance === instance }
        return gone
    }

    var count: Int { entries.count }

    private mutating func forgetClosed() {
        entries.removeAll { $0.file.map(\.isClosed) ?? true }
    }
}
