import IOStack

/// The file objects that have bypass past a filter, each with the instance that let it. A value under
/// its owner's lock; keeps neither alive.
struct BypassedFiles {
    private struct Entry {
        weak var file: FileObject?
        weak var instance: FilterInstance?
    }

    private var entries: [ObjectIdentifier: Entry] = [:]
    /// Entries at which those of closed files are looked for again, so that adding stays cheap.
    private var nextSweep = 16

    mutating func add(_ file: FileObject, by instance: FilterInstance) {
        if entries.count >= nextSweep {
            forgetClosed()
            nextSweep = max(16, entries.count * 2)
        }
        entries[ObjectIdentifier(file)] = Entry(file: file, instance: instance)
    }

    /// Those that are still open.
    mutating func open() -> [(file: FileObject, instance: FilterInstance)] {
        forgetClosed()
        return entries.values.compactMap { entry in
            guard let file = entry.file, let instance = entry.instance else { return nil }
            return (file, instance)
        }
    }

    /// Takes out what an instance let past.
    mutating func remove(by instance: FilterInstance) -> [FileObject] {
        let gone = open().filter { $0.instance === instance }.map(\.file)
        entries = entries.filter { $0.value.instance !== instance }
        return gone
    }

    /// Those that were not seen closed.
    var count: Int { entries.values.count { !($0.file?.isClosed ?? true) } }

    private mutating func forgetClosed() {
        entries = entries.filter { !($0.value.file?.isClosed ?? true) }
    }
}
